"""Settings of measurements: those of tests, and the plain models beside ours."""

from config.settings.test import *  # noqa: F403  (all of them)
from config.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.plain"]

ALLOWED_HOSTS = ["testserver"]
