"""Object stores to measure on: the folder, and a bucket of a real S3 server where one can be had."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any
from uuid import UUID

from django.conf import settings
from django.test import override_settings

from benchmarks import swift
from ground import vault
from ground.vault.aws import s3_client

BUCKET = "sottovoce"
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Store:
    """One store as the settings name it. `client`: of the bucket, None for the folder."""

    name: str
    client: Any = None

    def plant(self, names: list[str], size: int) -> None:
        """Objects of `size` bytes, however they get there."""
        body = b"\x02" * size
        if self.client is None:
            for name in names:
                path = self.path(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda name: self.client.put_object(Bucket=BUCKET, Key=name, Body=body), names))

    def path(self, name: str) -> Path:
        organization, category, identifier = name.split("/")
        return Path(settings.OBJECTS_PATH) / organization / category / identifier[-2:] / identifier

    def delete_one(self, name: str) -> None:
        """As one deletes one object."""
        if self.client is None:
            self.path(name).unlink()
        else:
            self.client.delete_object(Bucket=BUCKET, Key=name)

    def delete_all(self, names: list[str]) -> None:
        """The store alone at its fastest: unlink, or DeleteObjects of 1,000."""
        if self.client is None:
            for name in names:
                self.path(name).unlink()
            return
        for first in range(0, len(names), 1000):
            some = [{"Key": name} for name in names[first : first + 1000]]
            answer = self.client.delete_objects(Bucket=BUCKET, Delete={"Objects": some, "Quiet": True})
            if answer.get("Errors"):
                raise AssertionError(answer["Errors"][:3])

    def left(self, organization_id: UUID) -> int:
        """Objects of the organization."""
        return sum(1 for _ in vault.objects.store().list(f"{organization_id}/"))


def folder() -> Store:
    """What the settings of a measurement name anyway."""
    return Store("folder")


@contextmanager
def bucket(say: Any) -> Iterator[Store | None]:
    """A bucket in Swift; None, and a sentence, where Swift cannot be had."""
    try:
        opened = swift.running()
        server = opened.__enter__()
    except (OSError, CalledProcessError) as error:
        say(f"The S3 figures are not shown: Swift could not be had ({type(error).__name__}).")
        yield None
        return
    named = override_settings(
        OBJECTS_BACKEND="s3",
        S3_BUCKET=BUCKET,
        S3_ENDPOINT_URL=server.url,
        S3_REGION="us-east-1",
        S3_ACCESS_KEY_ID=server.access_key,
        S3_SECRET_ACCESS_KEY=server.secret,
    )
    try:
        with named:
            vault.forget_everything()
            client = s3_client()
            client.create_bucket(Bucket=BUCKET)
            yield Store(f"OpenStack {server.version.capitalize()} (s3api)", client)
    finally:
        vault.forget_everything()
        opened.__exit__(None, None, None)
