"""Django registration, and what lower floors ask of retention."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "retention"

    def ready(self) -> None:
        from retention import answers, work  # noqa: F401  (job handlers and answers register themselves)
