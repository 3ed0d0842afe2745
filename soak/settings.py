"""Settings of the soak: those of tests, with the jobs of the soak, and e-mails that become files as with `make up`."""

from config.settings.test import *  # noqa: F403  (all of them)
from config.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "soak.ledger"]
EMAIL_BACKEND = "delivery.backend.QueueingBackend"
EMAIL_TRANSPORT = "delivery.transport.FolderBackend"
