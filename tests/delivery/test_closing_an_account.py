"""What a person takes along, and what is gone when the account is closed."""

import pytest
from django.utils import timezone

from accounts.services import own_account
from delivery.models import Channel, Notice, Preference
from delivery.services import notices, preferences
from ground.tenancy import acting_for

pytestmark = pytest.mark.django_db
NEEDED = "retention.approval_needed"


@pytest.fixture
def told(people, operator):
    notices.tell(people.home.pk, NEEDED, once="x", about="recording")
    preferences.choose(user=people.admin, wanted={NEEDED: Channel.NEVER})
    preferences.choose(user=people.owner, wanted={NEEDED: Channel.DAILY})
    return people


def test_a_person_takes_along_ones_own_notices_and_choices(told):
    found = own_account.taken_along(told.admin, at=timezone.now())
    assert [(row["what"], row["read"]) for row in found["notices"]] == [(NEEDED, False)]
    assert found["notifications"] == [{"notice": NEEDED, "by_e_mail": "never"}]
    assert own_account.taken_along(told.outsider, at=timezone.now())["notices"] == []


def test_a_closed_account_leaves_no_notice_and_no_choice(told):
    own_account.close(user=told.admin, at=timezone.now())
    with acting_for(told.home.pk):
        assert list(Notice.objects.values_list("person_id", flat=True)) == [told.owner.pk]
    assert list(Preference.objects.values_list("user", flat=True)) == [told.owner.pk]
