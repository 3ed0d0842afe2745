"""Row-level security, table by table, with a real row behind the wall: no context, another organization, and back."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connections, transaction
from psycopg import sql

from ground.tenancy import acting_for, uuid7
from ground.tenancy.routing import lives_in_keyring
from tests.guardrails.plant import plant_row

MODELS = [
    model
    for model in apps.get_models()
    if "organization_id" in {field.attname for field in model._meta.concrete_fields}
]


def alias_of(model):
    return "keyring" if lives_in_keyring(model) else "default"


def count(model):
    with connections[alias_of(model)].cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(model._meta.db_table)))
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_rows_are_there_for_their_organization_and_for_nobody_else(model, superuser_connection):
    ours, theirs, alias = uuid7(), uuid7(), alias_of(model)
    plant_row(superuser_connection(alias), model._meta.db_table, ours)

    assert count(model) == 0  # no context
    with acting_for(theirs, using=alias):
        assert count(model) == 0
        with connections[alias].cursor() as cursor:
            for statement in (
                "UPDATE {} SET organization_id = organization_id",
                "DELETE FROM {}",
            ):
                try:
                    with transaction.atomic(using=alias):
                        cursor.execute(sql.SQL(statement).format(sql.Identifier(model._meta.db_table)))
                        assert cursor.rowcount == 0
                except DatabaseError as error:
                    refused = str(error)
                    assert "permission denied" in refused or "append-only" in refused
    with acting_for(ours, using=alias):
        assert count(model) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_row_cannot_be_written_into_another_organization(model, superuser_connection):
    ours, theirs, alias = uuid7(), uuid7(), alias_of(model)
    table = sql.Identifier(model._meta.db_table)
    plant_row(superuser_connection(alias), model._meta.db_table, ours)
    with pytest.raises(Exception, match=r"row-level security|permission denied|append-only"):
        with acting_for(ours, using=alias), connections[alias].cursor() as cursor:
            cursor.execute(sql.SQL("UPDATE {} SET organization_id = %s").format(table), [theirs])
    (stolen,) = superuser_connection(alias).execute(sql.SQL("SELECT {0}::text FROM {0}").format(table)).fetchone()
    superuser_connection(alias).execute(sql.SQL("SET session_replication_role = replica; DELETE FROM {}").format(table))
    with pytest.raises(Exception, match=r"row-level security|permission denied"):
        with acting_for(theirs, using=alias), connections[alias].cursor() as cursor:
            cursor.execute(sql.SQL("INSERT INTO {0} SELECT (%s::{0}).*").format(table), [stolen])
