"""Django registration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "ground.audit"
    label = "audit"
