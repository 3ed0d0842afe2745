"""Django registration."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "ground.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Every process must know every kind of job: web to enqueue, workers to run."""
        autodiscover_modules("jobs", "tasks")
