"""docker-compose.yml hands every service what it needs and nothing more."""

import pytest
import yaml

from tests.launcher.conftest import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]


def test_every_part_of_the_platform_is_there():
    assert {"postgres", "redis", "s3", "migrate", "web", "worker", "beat", "nightly"} <= set(SERVICES)


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_who_faces_the_world_never_sees_an_owners_password(name):
    assert "OWNER" not in str(SERVICES[name])
    assert "POSTGRES_PASSWORD" not in str(SERVICES[name])


@pytest.mark.parametrize("name", ["migrate", "nightly"])
def test_who_works_as_the_owner_has_both_logins(name):
    environment = SERVICES[name]["environment"]
    for variable in ("DATABASE_URL", "DATABASE_OWNER_URL", "KEYRING_DATABASE_URL", "KEYRING_DATABASE_OWNER_URL"):
        assert environment[variable]


@pytest.mark.parametrize("name", ["web", "worker", "beat", "nightly"])
def test_nobody_starts_before_the_databases_are_prepared(name):
    assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_no_secret_is_written_down_and_each_is_explained():
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if "=" in line and line[0] != "#"
    )
    wanted = {word.split("}")[0].split(":")[0] for word in (ROOT / "docker-compose.yml").read_text().split("${")[1:]}
    assert wanted <= set(example)
    secret = [name for name in example if "PASSWORD" in name or "KEY" in name or "TOKEN" in name]
    assert [name for name in secret if example[name]] == []
    assert (ROOT / ".gitignore").read_text().splitlines().count(".env") == 1


def test_images_are_pinned_and_only_loopback_is_published():
    assert all(":" in service["image"] for service in SERVICES.values())
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:${WEB_PORT:-8000}:8000"]
