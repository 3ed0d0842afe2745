"""Django registration."""

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "ground.tenancy"
    label = "tenancy"
