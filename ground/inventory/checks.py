"""System checks: a project model that is neither declared nor excused stops the build."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import FieldDoesNotExist

from ground.inventory.declarations import PersonalData, declarations, reasons_without

THIRD_PARTY = {"admin", "auth", "contenttypes", "sites"}


@register()
def every_model_is_declared(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """inventory.E001: model not declared. E002: a declared column does not exist. E003: no `held`/`set_aside_at`."""
    known = {declaration.label: declaration for declaration in declarations()}
    excused = reasons_without()
    errors: list[CheckMessage] = [
        Error(
            f"{model._meta.label} is neither declared nor excused.",
            hint="Call declare(PersonalData(...)) or no_personal_data(Model, reason) in the app's personal_data.py.",
            obj=model,
            id="inventory.E001",
        )
        for model in apps.get_models()
        if model._meta.app_label not in THIRD_PARTY
        and not model._meta.proxy
        and model._meta.managed
        and model._meta.label not in known
        and model._meta.label not in excused
    ]
    for declaration in known.values():
        errors += _columns(declaration)
    return errors


def _columns(declaration: PersonalData) -> list[CheckMessage]:
    wanted = [declaration.clock, declaration.key, declaration.objects, declaration.size, declaration.tombstone]
    wanted += [declaration.agent, *declaration.carry, "organization_id" if declaration.tenant else None]
    if declaration.holdable:
        wanted += ["held", "set_aside_at"]
    missing = []
    for name in filter(None, wanted):
        try:
            declaration.model._meta.get_field(name)
        except FieldDoesNotExist:
            missing.append(name)
    return [
        Error(f"{declaration.label} declares the column {name}, which it does not have.", id="inventory.E002")
        for name in missing
    ]
