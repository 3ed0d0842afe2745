"""The list of what stays unsealed is true to the models."""

import pytest
from django.apps import apps
from django.db import models

from ground.vault.plaintext import UNSEALED


@pytest.mark.parametrize("name", UNSEALED)
def test_every_listed_field_exists_and_has_a_reason(name):
    label, _, field = name.rpartition(".")
    apps.get_model(label)._meta.get_field(field)
    assert len(UNSEALED[name]) > 10


def test_every_address_in_the_clear_is_listed():
    addresses = models.EmailField | models.GenericIPAddressField
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, addresses)
    }
    assert found <= UNSEALED.keys()
