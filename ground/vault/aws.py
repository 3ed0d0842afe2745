"""Clients for S3 and KMS with timeouts and retries said out loud, and one place that names their outages."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from urllib3.exceptions import HTTPError

from ground.vault.exceptions import Unavailable

CONNECT_SECONDS = 5
READ_SECONDS = 30
ATTEMPTS = 4  # the first and three more, with jittered pauses (botocore "standard")

_config: Any = Config  # botocore has no types
_session: Any = boto3.session.Session
_CONFIG = _config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    signature_version="s3v4",
    s3={"addressing_style": "path"},
)
_KMS_CONFIG = _config(
    connect_timeout=CONNECT_SECONDS, read_timeout=10, retries={"mode": "standard", "total_max_attempts": ATTEMPTS}
)
_MISSING = {"404", "NoSuchKey", "NotFound"}
_CONFLICT = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}


def _credentials() -> dict[str, str]:
    if not settings.S3_ACCESS_KEY_ID:
        return {}  # boto3 looks where AWS users expect it: environment, profile, instance role
    return {
        "aws_access_key_id": settings.S3_ACCESS_KEY_ID,
        "aws_secret_access_key": settings.S3_SECRET_ACCESS_KEY,
    }


@lru_cache(maxsize=1)
def s3_client() -> Any:
    """The S3 client of the settings (one per process; boto3 clients are thread-safe)."""
    return _session().client(
        "s3",
        endpoint_url=settings.S3_ENDPOINT_URL or None,
        region_name=settings.S3_REGION or None,
        config=_CONFIG,
        **_credentials(),
    )


@lru_cache(maxsize=1)
def kms_client() -> Any:
    """The KMS client of the settings."""
    return _session().client(
        "kms",
        endpoint_url=settings.KMS_ENDPOINT_URL or None,
        region_name=settings.KMS_REGION or settings.S3_REGION or None,
        config=_KMS_CONFIG,
        **_credentials(),
    )


def error_code(error: ClientError) -> str:
    """S3's own word for what happened ("NoSuchKey", "404", …)."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: ClientError) -> bool:
    """The object is not there (an answer, not an outage). A missing bucket is an outage."""
    return error_code(error) in _MISSING


def is_conflict(error: ClientError) -> bool:
    """A conditional write lost: somebody else wrote in between."""
    return error_code(error) in _CONFLICT


@contextmanager
def named_outage(kind: type[Unavailable], what: str) -> Iterator[None]:
    """Turn every boto3 failure of the block into `kind`; the message carries the code, never the request."""
    try:
        yield
    except ClientError as error:
        raise kind(f"{what}: {error_code(error)}") from error
    except (BotoCoreError, HTTPError) as error:  # HTTPError: a body that broke off while being read
        raise kind(f"{what}: {type(error).__name__}") from error
