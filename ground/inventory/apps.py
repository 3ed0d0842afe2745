"""Django registration."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "ground.inventory"
    label = "inventory"
