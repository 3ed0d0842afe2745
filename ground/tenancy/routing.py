"""Which models live in the keyring database: those whose class says `in_keyring = True`. All others: default."""

from typing import Any

from django.apps import apps
from django.db.models import Model


def lives_in_keyring(model: type[Model]) -> bool:
    return bool(getattr(model, "in_keyring", False))


class KeyringRouter:
    """Reads, writes and migrations of a model go to exactly one of the two databases."""

    def _alias(self, model: type[Model]) -> str:
        return "keyring" if lives_in_keyring(model) else "default"

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return self._alias(model)

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return self._alias(model)

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return self._alias(type(one)) == self._alias(type(other))

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        if model_name is None:
            return bool(db == hints.get("database", "default"))
        try:
            model = apps.get_model(app_label, model_name)
        except LookupError:
            return db == "default"
        return db == self._alias(model)
