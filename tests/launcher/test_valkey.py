import pytest
import redis

from config.launcher import messages, valkey
from config.launcher.messages import Refusal
from config.launcher.valkey import EmbeddedValkey


@pytest.fixture
def server(tmp_path, run_dir):
    server = EmbeddedValkey(tmp_path / "valkey", run_dir)
    yield server
    server.kill()


def test_keeps_what_was_written_and_separates_databases(server):
    server.start()
    with redis.from_url(server.url(0)) as broker, redis.from_url(server.url(1)) as cache:
        broker.set("wake-up", "1")
        assert cache.get("wake-up") is None
        assert broker.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert server.stop() == 0
    server.start()
    with redis.from_url(server.url(0)) as broker:
        assert broker.get("wake-up") == b"1"


def test_only_we_can_reach_it(server):
    server.start()
    assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    assert server.data_dir.stat().st_mode & 0o777 == 0o700
    with redis.from_url(server.url()) as broker:
        assert broker.config_get("port") == {"port": "0"}


@pytest.mark.parametrize("wrote", ["redis 7", "valkey 99", None])
def test_refuses_a_folder_that_another_server_wrote(server, wrote):
    server.data_dir.mkdir(parents=True)
    (server.data_dir / "appendonly.aof").write_text("data of another")
    if wrote:
        (server.data_dir / "written-by").write_text(f"{wrote}\n")
    with pytest.raises(Refusal, match=wrote or "an unknown server") as refused:
        server.start()
    assert refused.value.code == messages.FOREIGN_CACHE_FOLDER
    assert (server.data_dir / "appendonly.aof").read_text() == "data of another"


def test_a_server_that_cannot_start_names_its_log(server, monkeypatch):
    monkeypatch.setattr(valkey, "binary", lambda: valkey.Path("/bin/false"))
    monkeypatch.setattr(valkey, "identity", lambda program: ("valkey", 9))
    with pytest.raises(Refusal, match=r"did not start; its log is .*valkey\.log"):
        server.start()
