"""Settings of the soak: those of tests, with the jobs of the soak, and e-mails that become files as with `make up`."""

from config.settings.test import *  # noqa: F403  (all of them)
from config.settings.test import INSTALLED_APPS, REST_FRAMEWORK

INSTALLED_APPS = [*INSTALLED_APPS, "soak.ledger"]
# A figure asks more in a minute than a program should; that too many are refused, tests of their own say.
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"api_key": "100000/s"}}
EMAIL_BACKEND = "delivery.backend.QueueingBackend"
EMAIL_TRANSPORT = "delivery.transport.FolderBackend"
