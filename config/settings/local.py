"""One machine, one command: `make up`."""

from .base import *  # noqa: F403  (all of the base)
from .base import STORAGES, env

MEDIA_FETCH_ALLOW_LOOPBACK = env.bool("MEDIA_FETCH_ALLOW_LOOPBACK", True)
ORGANIZATIONS_OPEN = env.bool("ORGANIZATIONS_OPEN", True)
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http"
STORAGES["staticfiles"] = {  # compressing takes longer than it saves on a loopback connection
    "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
}
