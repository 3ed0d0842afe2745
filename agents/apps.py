"""Django registration."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from agents import callers, closing, start  # noqa: F401  (they register themselves)
