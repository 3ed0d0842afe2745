"""Django registration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "ground.audit"
    label = "audit"

    def ready(self) -> None:
        from ground.audit import of_the_vault

        of_the_vault.listen()
