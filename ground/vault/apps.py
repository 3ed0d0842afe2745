"""Django registration."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "ground.vault"
    label = "vault"
