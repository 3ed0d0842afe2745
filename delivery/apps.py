"""Django registration, what lower floors tell delivery, and the kinds of notices that all apps declare."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class DeliveryConfig(AppConfig):
    name = "delivery"

    def ready(self) -> None:
        from delivery import listening  # noqa: F401  (it registers itself)

        autodiscover_modules("notices")
