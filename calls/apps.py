"""Django registration."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from calls import keys  # noqa: F401  (registers itself)
