"""Django registration."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from agents import closing  # noqa: F401  (registers itself)
