"""`Idempotency-Key`: carried out once, answered twice, also when everything happens at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.api import idempotency
from accounts.models import IdempotentRequest, Membership
from accounts.services import api_keys
from ground import tenancy
from ground.tenancy import Actor
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.accounts.api_urls")]


@pytest.fixture
def home():
    return factories.organization()


@pytest.fixture(params=["people", "bound"])
def url(request):
    """A claim committed before the work, and one inside its transaction: alike from outside."""
    return f"/api/v1/{request.param}/"


@pytest.fixture
def send(home, url):
    text = api_keys.create(
        organization_id=home.pk, name="t", scopes=["calls.write"], by=Actor.system("test"), at=timezone.now()
    ).text

    def post(body, key="one", bearer=text):
        try:
            return Client(raise_request_exception=False).post(
                url,
                data=json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {bearer}", "Idempotency-Key": key},
            )
        finally:
            connections.close_all()

    return post


def rows(home):
    with tenancy.acting_for(home.pk):
        return Membership.objects.count(), IdempotentRequest.objects.count()


def test_the_second_time_gets_the_first_answer(home, send):
    first, second = send({"email": "a@example.org"}), send({"email": "a@example.org"})
    assert first.status_code == second.status_code == 201
    assert first.content == second.content, "to the byte: the order of members too"
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert rows(home) == (1, 1)


def test_another_body_under_the_same_key_is_refused(home, send):
    send({"email": "a@example.org"})
    answer = send({"email": "b@example.org"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert rows(home) == (1, 1)


@pytest.mark.parametrize("key", ["", "x" * 256, "über", "tab\tbed"])
def test_a_bad_key_is_refused(home, send, key):
    assert send({"email": "a@example.org"}, key=key).status_code == 400
    assert rows(home) == (0, 0)


@pytest.mark.parametrize("fail, status", [("refuse", 409), ("crash", 500), ("vault", 503), ("answer", 400)])
def test_what_failed_is_not_remembered_and_may_be_sent_again(home, send, fail, status):
    assert send({"email": "a@example.org", "fail": fail}).status_code == status
    if fail != "answer":
        assert rows(home) == (0, 0)
        assert send({"email": "a@example.org"}).status_code == 201
    else:
        with tenancy.acting_for(home.pk):
            assert not IdempotentRequest.objects.exists()


def test_many_at_once_carry_it_out_once(home, send):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send({"email": "a@example.org", "wait": 0.3}), range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(201) >= 1
    assert set(statuses) <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency-in-flight"}
    assert rows(home) == (1, 1)
    assert send({"email": "a@example.org", "wait": 0.3})["Idempotent-Replayed"] == "true"


def test_the_key_itself_is_not_kept(home, send):
    """Programs build keys from phone numbers and names."""
    send({"email": "a@example.org"}, key="+14155550123")
    with tenancy.acting_for(home.pk):
        assert "4155550123" not in str(IdempotentRequest.objects.values().get())


def test_organizations_do_not_share_keys(home, send):
    other = factories.organization()
    text = api_keys.create(
        organization_id=other.pk, name="t", scopes=["calls.write"], by=Actor.system("test"), at=timezone.now()
    ).text
    assert send({"email": "a@example.org"}).status_code == 201
    assert send({"email": "b@example.org"}, bearer=text).status_code == 201
    assert rows(home) == rows(other) == (1, 1)


def test_a_claim_of_a_dead_process_is_taken_over_and_the_slow_one_rolls_back(home, send, url):
    print_ = idempotency.fingerprint("POST", url, json.dumps({"email": "a@example.org"}).encode())
    dead = idempotency.claim(organization_id=home.pk, key="one", print_=print_)
    assert send({"email": "a@example.org"}).status_code == 409
    with tenancy.acting_for(home.pk):
        IdempotentRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert send({"email": "a@example.org"}).status_code == 201
    with pytest.raises(idempotency.ClaimLost), tenancy.acting_for(home.pk):
        idempotency.remember(dead, status_code=201, answer={})
    assert rows(home) == (1, 1)


def test_after_24_hours_the_key_is_new_again(home, send):
    send({"email": "a@example.org"})
    with tenancy.acting_for(home.pk):
        IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert send({"email": "b@example.org"}).status_code == 201
    with tenancy.acting_for(home.pk):
        IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert idempotency.forget(home.pk) == 1
    assert rows(home) == (2, 0)


def test_the_transaction_that_was_first_decides(home):
    """Were the lock to fail, the unique key of the table would not."""
    mine, theirs = (
        idempotency.asked(organization_id=home.pk, key="one", print_=print_) for print_ in (b"a" * 32, b"b" * 32)
    )
    with tenancy.acting_for(home.pk):
        idempotency.keep(mine, status_code=201, answer={"id": 1})
    with pytest.raises(idempotency.ClaimLost), tenancy.acting_for(home.pk):
        idempotency.keep(theirs, status_code=201, answer={"id": 2})
    with pytest.raises(idempotency.Answered) as again, tenancy.acting_for(home.pk):
        idempotency.begin(mine)
    assert again.value.replay == idempotency.Replay(201, {"id": 1})
