"""Django registration, and what lower floors ask of retention."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "retention"

    def ready(self) -> None:
        from retention import answers, start  # noqa: F401  (they register themselves)
