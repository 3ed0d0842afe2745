"""An import may be left alone: who uploaded the file is told how it ended, and nobody else."""

import json

import pytest

from accounts.models import Role
from contacts.notices import FINISHED, STOPPED
from contacts.services import imports
from delivery.models import Notice
from ground.tenancy import Actor, acting_for
from tests import factories
from tests.contacts.conftest import NOW, run_jobs
from tests.contacts.test_imports import GOOD

pytestmark = pytest.mark.django_db(transaction=True)


def told(organization):
    with acting_for(organization.id):
        return list(Notice.objects.order_by("id"))


def under_way(organization, by):
    row = imports.receive(organization_id=organization.id, content=GOOD.encode(), by=by, at=NOW)
    imports.name_columns(
        organization_id=organization.id,
        import_id=row.id,
        mapping=row.mapping,
        has_header=True,
        region="FR",
        by=by,
        at=NOW,
    )
    run_jobs(organization, "contacts.check_import")
    imports.start(organization_id=organization.id, import_id=row.id, by=by, at=NOW)
    return row


def test_the_end_of_an_import_is_told_to_who_uploaded_it(organization):
    person = factories.member(organization, Role.MEMBER)
    factories.member(organization, Role.OWNER)
    row = under_way(organization, Actor.member(person.pk))
    assert told(organization) == []
    run_jobs(organization, "contacts.store_import")
    (notice,) = told(organization)
    assert (notice.kind, notice.person_id, notice.object_id) == (FINISHED, person.pk, row.id)
    assert json.loads(notice.counts) == {"added": 3, "updated": 0, "unchanged": 0, "refused": 0}
    assert "Curie" not in notice.counts


def test_an_import_that_stopped_is_told_once(organization):
    person = factories.member(organization, Role.MEMBER)
    row = under_way(organization, Actor.member(person.pk))
    for _ in range(2):
        imports.fail(organization.id, row.id, "file_unreadable")
    (notice,) = told(organization)
    assert (notice.kind, notice.person_id) == (STOPPED, person.pk)


def test_a_program_is_not_told(organization):
    factories.member(organization, Role.OWNER)
    under_way(organization, Actor.api_key("key"))
    run_jobs(organization, "contacts.store_import")
    assert told(organization) == []
