"""Django registration."""

from typing import Any

from django.apps import AppConfig
from django.core.signals import setting_changed


class VaultConfig(AppConfig):
    name = "ground.vault"
    label = "vault"

    def ready(self) -> None:
        setting_changed.connect(_forget, dispatch_uid="vault.forget")


def _forget(*, setting: str, **_: Any) -> None:
    """Tests change where keys lie; nothing opened before may answer after."""
    if setting.startswith(("KEYSTORE_", "ROOT_", "KMS_", "S3_", "OBJECTS_", "JOURNAL_")):
        from ground.vault import forget_everything

        forget_everything()
