"""One machine, one command: `make up`."""

from .base import *  # noqa: F403
from .base import env

MEDIA_FETCH_ALLOW_LOOPBACK = env.bool("MEDIA_FETCH_ALLOW_LOOPBACK", True)
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http"
