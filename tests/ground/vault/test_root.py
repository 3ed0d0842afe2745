"""The root key: in a private file or in KMS, never guessed, never made twice."""

import stat
from threading import Thread

import pytest
from botocore.exceptions import ClientError

from ground.vault import keystore
from ground.vault.exceptions import RootDamaged, RootDown, RootMissing, WrongKey, WrongRoot
from ground.vault.root import FileRoot, KmsRoot
from tests.ground.vault.conftest import flipped

CONTEXT = {"organization": "o", "kind": "shelf", "id": "1"}
SECRET = bytes(range(32))


@pytest.fixture(params=["file", "kms"])
def root(request, tmp_path):
    if request.param == "file":
        return FileRoot.create(tmp_path / "root.key")
    client = request.getfixturevalue("kms")
    return KmsRoot(client, client.create_key()["KeyMetadata"]["KeyId"])


def test_what_was_wrapped_comes_back_under_its_context_only(root):
    wrapped = root.wrap(SECRET, CONTEXT)
    assert SECRET not in wrapped
    assert root.unwrap(wrapped, CONTEXT) == SECRET
    for wrong in ({"id": "2"}, {"organization": "p"}, {"kind": "blind"}, {"more": "1"}):
        with pytest.raises(WrongKey):
            root.unwrap(wrapped, CONTEXT | wrong)


def test_an_altered_wrapping_is_a_wrong_key(root):
    wrapped = root.wrap(SECRET, CONTEXT)
    for wrong in (flipped(wrapped, -1), wrapped[:-1], b"", b"\0" * 5):
        with pytest.raises(WrongKey):
            root.unwrap(wrong, CONTEXT)


def test_kms_down_is_an_outage(kms):
    root = KmsRoot(kms, "no-such-key")
    with pytest.raises(RootDown):
        root.wrap(SECRET, CONTEXT)


def test_the_file_is_private_and_never_overwritten(tmp_path):
    path = tmp_path / "keys" / "root.key"
    first = FileRoot.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert FileRoot.create(path).name == first.name == FileRoot.open(path).name
    assert list(path.parent.iterdir()) == [path]


def test_two_starters_end_with_one_root(tmp_path):
    names = []
    threads = [Thread(target=lambda: names.append(FileRoot.create(tmp_path / "root.key").name)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 8
    assert len(set(names)) == 1


@pytest.mark.parametrize(
    "content", ["", "hello", "sottovoce-root-1 00 aa", "sottovoce-root-1 " + "00" * 32 + " bad\n", "\xff"]
)
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "root.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(RootDamaged):
        FileRoot.open(path)


def test_a_file_others_can_read_is_refused(tmp_path):
    path = tmp_path / "root.key"
    FileRoot.create(path)
    path.chmod(0o644)
    with pytest.raises(RootDamaged, match="chmod 600"):
        FileRoot.open(path)


def test_a_missing_root_of_a_filled_store_is_never_replaced(vault_home, settings):
    keystore.store()
    settings.ROOT_KEY_FILE.unlink()
    keystore.store.cache_clear()
    with pytest.raises(RootMissing):
        keystore.store()
    assert not settings.ROOT_KEY_FILE.exists()


def test_another_root_is_told_apart(vault_home, settings):
    keystore.store()
    settings.ROOT_KEY_FILE.unlink()
    FileRoot.create(settings.ROOT_KEY_FILE)
    keystore.store.cache_clear()
    with pytest.raises(WrongRoot):
        keystore.store()


def test_the_root_shows_no_secret(tmp_path):
    root = FileRoot.create(tmp_path / "root.key")
    assert root.escrow_secret().hex() not in f"{root!r} {root.name}"


def test_a_root_of_another_length_is_damaged_and_kms_shows_only_its_name(kms):
    with pytest.raises(RootDamaged, match="this one 5"):
        FileRoot(b"short")
    assert repr(KmsRoot(kms, "alias/ours")) == "KmsRoot(kms:alias/ours)"


def test_kms_that_refuses_to_answer_is_an_outage_and_no_wrong_key(kms, monkeypatch):
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    root = KmsRoot(kms, key_id)
    wrapped = root.wrap(bytes(32), {"kind": "shelf"})

    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "Decrypt")

    monkeypatch.setattr(kms, "decrypt", refuse)
    with pytest.raises(RootDown):
        root.unwrap(wrapped, {"kind": "shelf"})
