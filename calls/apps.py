"""Django registration."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from calls import keys, lines, start  # noqa: F401  (they register themselves)
