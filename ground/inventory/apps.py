"""Django registration: finds every app's `personal_data.py` and checks that no model is forgotten."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class InventoryConfig(AppConfig):
    name = "ground.inventory"
    label = "inventory"

    def ready(self) -> None:
        from ground.inventory import checks, replay  # noqa: F401  (register themselves)

        autodiscover_modules("personal_data")
