"""An API key from its first showing to its end, and what the API answers on the way."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.exceptions import KeyOver, UnknownScope
from accounts.models import ApiKey, Membership, User
from accounts.services import api_keys, organizations
from ground import audit, tenancy
from ground.tenancy import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.api_urls")]
PEOPLE = "/api/v1/people/"


def make(people, scopes=("calls.read", "calls.write"), **more):
    at = more.pop("at", timezone.now())
    by = Actor.member(people.owner.pk)
    return api_keys.create(organization_id=people.home.pk, name="crm", scopes=list(scopes), by=by, at=at, **more)


def call(text, method="get", **more):
    client = Client(raise_request_exception=False)
    return getattr(client, method)(
        PEOPLE, headers={"Authorization": f"Bearer {text}", **more.pop("headers", {})}, **more
    )


def test_a_key_acts_for_its_organization_and_no_other(people):
    answer = call(make(people).text).json()
    assert answer == {"organization": str(people.home.pk), "members": 4}


def test_the_secret_is_shown_once_and_nowhere_stored(people):
    made = make(people)
    secret = made.text.rsplit("_", 1)[1]
    assert made.text.startswith("sv_live_")
    assert len(made.row.prefix) == 8
    assert len(secret) == 64
    assert secret not in repr(made)
    with tenancy.acting_for(people.home.pk), connection.cursor() as cursor:
        cursor.execute("SELECT k::text FROM accounts_apikey k")
        assert secret not in cursor.fetchone()[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "sv_live_",
        "sv_live_abcdefgh",
        "sv_live_abcdefgh_",
        "sv_live_é_x",
        "sv_live_abcdefgh_" + "0" * 64,
        "x" * 9999,
    ],
)
def test_what_is_no_key_opens_nothing(people, text):
    answer = call(text)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_the_right_id_with_a_wrong_secret_opens_nothing(people):
    text = make(people).text
    assert call(text[:-1] + ("0" if text[-1] != "0" else "1")).status_code == 401


def test_a_key_does_what_its_scopes_say(people):
    text = make(people, ["calls.read"]).text
    answer = call(text, "post", data={"email": "a@example.org"}, content_type="application/json")
    assert answer.status_code == 403
    assert "calls.write" in answer.json()["detail"]
    assert not User.objects.filter(email="a@example.org").exists()


def test_a_view_that_names_no_scope_is_closed(people):
    text = make(people).text
    assert Client().get("/api/v1/closed/", headers={"Authorization": f"Bearer {text}"}).status_code == 403


def test_a_key_cannot_be_given_what_keys_may_not_have(people):
    for scope in ("team.manage", "calls.listen_as_staff", "nonsense"):
        with pytest.raises(UnknownScope):
            make(people, [scope])


def test_a_key_runs_out(people):
    made = make(people, at=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(days=1))
    assert call(made.text).status_code == 401


def test_a_revoked_key_opens_nothing_at_once(people):
    made = make(people)
    api_keys.revoke(
        organization_id=people.home.pk, key_id=made.row.pk, by=Actor.member(people.owner.pk), at=timezone.now()
    )
    assert call(made.text).status_code == 401


def test_rotation_lets_both_keys_work_for_a_while(people):
    old, by, now = make(people), Actor.member(people.owner.pk), timezone.now()
    new = api_keys.rotate(organization_id=people.home.pk, key_id=old.row.pk, by=by, at=now, overlap=timedelta(hours=24))
    assert call(old.text).status_code == call(new.text).status_code == 200
    assert api_keys.recognise(old.text, at=now + timedelta(hours=25)) is None
    assert api_keys.recognise(new.text, at=now + timedelta(hours=25)) is not None
    with pytest.raises(KeyOver):
        api_keys.rotate(organization_id=people.home.pk, key_id=old.row.pk, by=by, at=now, overlap=timedelta(0))


def test_an_outsider_cannot_revoke_a_key(people, as_):
    made = make(people)
    for person, status in ((people.outsider, 404), (people.member, 403), (None, 302)):
        address = f"/o/{people.home.slug}/developers/keys/{made.row.pk}/revoke/"
        assert as_(person).post(address).status_code == status
        assert call(made.text).status_code == 200
    address = f"/o/{people.other.slug}/developers/keys/{made.row.pk}/revoke/"
    as_(people.outsider).post(address)
    assert call(made.text).status_code == 200


def test_closing_the_organization_ends_its_keys(people):
    made = make(people)
    organizations.close_organization(
        organization_id=people.home.pk, by=Actor.system("test"), at=timezone.now() + timedelta(seconds=1)
    )
    assert call(made.text).status_code == 401


def test_the_last_use_is_known_to_the_hour(people):
    made = make(people)
    call(made.text)
    with tenancy.acting_for(people.home.pk):
        seen = ApiKey.objects.get().last_used_at
    assert (seen.minute, seen.second, seen.microsecond) == (0, 0, 0)


def test_every_step_is_evidence(people):
    made = make(people)
    api_keys.revoke(
        organization_id=people.home.pk, key_id=made.row.pk, by=Actor.member(people.owner.pk), at=timezone.now()
    )
    with tenancy.acting_for(people.home.pk):
        kinds = {event.kind for event in audit.events(people.home.pk)}
    assert {"accounts.api_key_created", "accounts.api_key_revoked"} <= kinds


def test_a_refusal_is_a_problem_with_the_requests_id(people):
    answer = call(
        make(people).text,
        "post",
        data={"email": "a@example.org", "fail": "refuse"},
        content_type="application/json",
        headers={"X-Request-ID": "request-0001"},
    )
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:sottovoce:problem:call-on-hold",
        "title": "In conflict with what exists",
        "status": 409,
        "detail": "A legal hold keeps this.",
        "code": "call-on-hold",
        "request_id": "request-0001",
        "hold": "h1",
    }
    assert not User.objects.filter(email="a@example.org").exists()


def test_bad_fields_are_named(people):
    answer = call(make(people).text, "post", data={"email": "nobody"}, content_type="application/json")
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/email"]
    broken = call(make(people).text, "post", data="{", content_type="application/json")
    assert broken.status_code == 400


def test_keys_out_of_reach_answer_503_and_store_nothing(people):
    answer = call(
        make(people).text, "post", data={"email": "a@example.org", "fail": "vault"}, content_type="application/json"
    )
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert not User.objects.filter(email="a@example.org").exists()


def test_a_mistake_of_ours_is_a_problem_too(people):
    answer = call(
        make(people).text, "post", data={"email": "a@example.org", "fail": "crash"}, content_type="application/json"
    )
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert answer.json()["request_id"]
    with tenancy.acting_for(people.home.pk):
        assert Membership.objects.count() == 4


def test_too_many_requests_say_when_to_come_back(people, monkeypatch):
    from accounts.api.throttling import KeyRateThrottle

    monkeypatch.setattr(KeyRateThrottle, "THROTTLE_RATES", {"api_key": "2/min"})
    text = make(people).text
    first, second, third = call(text), call(text), call(text)
    assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("2", "1")
    assert second.status_code == 200
    assert third.status_code == 429
    assert int(third["Retry-After"]) > 0


def test_a_cache_that_is_down_lets_requests_through(people, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert call(make(people).text).status_code == 200
