import psycopg
import pytest

from config.launcher import messages, servers, sql
from config.launcher.credentials import Credentials
from config.launcher.messages import Refusal
from config.launcher.postgres import EmbeddedPostgres

KEPT = Credentials("key", "owner-password", "app/password")


@pytest.fixture(scope="module")
def their_server(tmp_path_factory):
    """Stands for the PostgreSQL that a user already runs."""
    folder = tmp_path_factory.mktemp("theirs")
    server = EmbeddedPostgres(folder / "postgres", folder.parent / "r", throwaway=True)
    server.start()
    server.ensure_role("them", "secret", createdb=True)
    server.ensure_role("modest", "secret")
    server.ensure_database("shop", "them")
    yield server
    server.kill()


def test_a_url_alone_is_the_owners_and_the_application_gets_a_role_of_its_own():
    main = servers.given_main({"DATABASE_URL": "postgres://them:s@db.example:5433/shop?sslmode=require"}, KEPT)
    assert main.owner == "postgres://them:s@db.example:5433/shop?sslmode=require"
    assert main.app == "postgres://shop_app:app%2Fpassword@db.example:5433/shop?sslmode=require"
    keyring = servers.given_keyring({}, KEPT, main)
    assert keyring.owner == "postgres://them:s@db.example:5433/shop_keyring?sslmode=require"
    assert keyring.app == "postgres://shop_app:app%2Fpassword@db.example:5433/shop_keyring?sslmode=require"


def test_two_urls_name_both_logins():
    environ = {"DATABASE_URL": "postgres://app:a@h/shop", "DATABASE_OWNER_URL": "postgres://them:s@h/shop"}
    main = servers.given_main(environ, KEPT)
    assert (main.app, main.owner) == ("postgres://app:a@h/shop", "postgres://them:s@h/shop")


def test_a_keyring_elsewhere_is_taken_as_given():
    environ = {"KEYRING_DATABASE_URL": "postgres://k:s@vault/keys"}
    keyring = servers.given_keyring(environ, KEPT, servers.Pair("postgres://a@h/shop", "postgres://o@h/shop"))
    assert keyring.owner == "postgres://k:s@vault/keys"
    assert keyring.app == "postgres://keys_app:app%2Fpassword@vault/keys"


def test_nothing_given_means_the_embedded_server():
    assert servers.given_main({}, KEPT) is None
    assert servers.given_keyring({}, KEPT, None) is None


def test_a_socket_address_keeps_its_folder():
    main = servers.given_main({"DATABASE_URL": "postgresql://them:s@/shop?host=/run/postgresql"}, KEPT)
    assert main.app == "postgresql://shop_app:app%2Fpassword@/shop?host=/run/postgresql"


def test_what_only_django_understands_is_kept_from_libpq():
    url = "postgres://u:p@h/db?conn_max_age=60&sslmode=require&CONN_HEALTH_CHECKS=true"
    assert sql.for_libpq(url) == "postgresql://u:p@h/db?sslmode=require"


def test_the_keyrings_database_is_made_beside_the_main_one(their_server):
    main = servers.given_main({"DATABASE_URL": their_server.dsn("them", "secret", "shop")}, KEPT)
    keyring = servers.given_keyring({}, KEPT, main)
    servers.require_postgres(main)
    servers.require_postgres(keyring, make_on=main.owner)
    servers.require_postgres(keyring, make_on=main.owner)
    with psycopg.connect(keyring.owner) as connection:
        assert connection.info.dbname == "shop_keyring"


def test_an_owner_who_may_not_make_it_is_told_what_to_run(their_server):
    main = servers.given_main({"DATABASE_URL": their_server.dsn("modest", "secret", "postgres")}, KEPT)
    with pytest.raises(Refusal, match='have an administrator run CREATE DATABASE "postgres_keyring" OWNER "modest"'):
        servers.require_postgres(servers.given_keyring({}, KEPT, main), make_on=main.owner)


@pytest.mark.parametrize(
    ("user", "password", "database"), [("them", "wrong", "shop"), ("them", "secret", "nowhere"), ("no", "no", "no")]
)
def test_a_database_that_does_not_answer_is_named_without_its_password(their_server, user, password, database):
    url = their_server.dsn(user, password, database)
    with pytest.raises(Refusal, match="does not answer") as refused:
        servers.require_postgres(servers.Pair(url, url))
    assert refused.value.code == messages.SERVER_UNREACHABLE
    assert f":{password}@" not in str(refused.value)


def test_an_application_role_with_another_password_is_explained(their_server):
    their_server.ensure_role("shop_app", "not the one kept here")
    main = servers.given_main({"DATABASE_URL": their_server.dsn("them", "secret", "shop")}, KEPT)
    with pytest.raises(Refusal, match='DROP ROLE "shop_app"'):
        servers.require_app_login(main)


@pytest.mark.parametrize("url", ["redis://:hush@127.0.0.1:1/0", "unix:///nowhere/valkey.sock?db=0"])
def test_a_redis_that_does_not_answer_is_named_without_its_password(url):
    with pytest.raises(Refusal, match="does not answer") as refused:
        servers.require_redis(url)
    assert "hush" not in str(refused.value)
