"""What belongs to staff: nobody else finds it, a second factor opens it, and none of it shows content of anybody."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse
from psycopg import Error, sql

from accounts.models import Organization
from accounts.staff_figures import FiguresAdmin
from ground.tenancy.routing import lives_in_keyring
from tests import factories
from tests.accounts.test_staff_access import browser
from tests.guardrails.plant import plant_row
from tests.guardrails.test_urls import ALL, METHODS, address

CANARY = "Canary-Weber-0142685300"
STAFFS = [route for route in ALL if route.startswith(("staff/", "desk/"))]
OPEN = ("staff/login/", "staff/jsi18n/")
GUARDED = [route for route in STAFFS if not route.startswith(OPEN)]


def tenant_models():
    return [
        model
        for model in apps.get_models()
        if "organization_id" in {field.attname for field in model._meta.concrete_fields} and not lives_in_keyring(model)
    ]


def say_canary(connection, model):
    """Every text column of the planted row says the canary; columns with choices have their first, all at once."""
    chosen, spoken = {}, {}
    for field in model._meta.concrete_fields:
        kind = field.get_internal_type()
        if field.choices:
            chosen[field.column] = field.choices[0][0]
        elif kind in {"CharField", "TextField", "EmailField"} and field.name != "kind":
            if field.blank:
                chosen[field.column] = ""
            spoken[field.column] = CANARY
        elif kind == "BinaryField":
            spoken[field.column] = CANARY.encode()
    for values in [chosen, *({column: value} for column, value in spoken.items())]:
        if not values:
            continue
        columns = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in values)
        statement = sql.SQL("UPDATE {} SET {}").format(sql.Identifier(model._meta.db_table), columns)
        try:
            with connection.transaction():
                connection.execute(statement, list(values.values()))
        except Error:
            continue  # a length, a type or a check of its own: what was planted stays


@pytest.fixture
def planted(db, vault_home, superuser_connection):
    """An organization with a row in every tenant table, each saying the canary wherever it can."""
    home = factories.organization(name="Home")
    connection = superuser_connection("default")
    said = 0
    for model in tenant_models():
        plant_row(connection, model._meta.db_table, home.pk)
        say_canary(connection, model)
        row = connection.execute(
            sql.SQL("SELECT t::text FROM {} t LIMIT 1").format(sql.Identifier(model._meta.db_table))
        ).fetchone()
        said += CANARY in row[0] or CANARY.encode().hex() in row[0]
    assert said >= 15
    yield home
    connection.execute("SET session_replication_role = replica")
    for model in tenant_models():
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(model._meta.db_table)))


def superuser():
    person = factories.staff(name="Mara Lindqvist")
    person.is_superuser = True
    person.save()
    return person


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_no_page_of_staff_shows_content(planted):
    factories.organization(is_operator=True, slug="operator")
    client = browser(superuser())
    pages = [reverse("admin:index"), reverse("desk:home"), reverse("desk:sessions")]
    pages.append(reverse("desk:ask", args=[planted.pk]))
    pages.append(reverse("admin:retention_figures"))
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        pages += [reverse(f"admin:{name}_changelist"), reverse("admin:app_list", args=[model._meta.app_label])]
        pages.append(reverse(f"admin:{name}_changelist") + f"?q={CANARY[:6]}")
        if model is Organization:
            pages.append(reverse(f"admin:{name}_change", args=[planted.pk]))
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode().replace(f'value="{CANARY[:6]}"', "")
        for trace in (CANARY, "Weber", "0142685300", CANARY.encode().hex()):
            assert trace not in text, page


@pytest.mark.django_db
def test_no_row_behind_the_wall_may_be_opened_or_changed_even_by_a_superuser():
    request = RequestFactory().get("/")
    request.user = superuser()
    behind = {model: site for model, site in admin.site._registry.items() if model in set(tenant_models())}
    assert len(behind) >= 5
    for model, site in behind.items():
        row = model()
        assert not site.has_view_permission(request, row)
        assert not site.has_add_permission(request)
        assert not site.has_change_permission(request, row)
        assert not site.has_delete_permission(request, row)


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_no_row_behind_a_figure_can_be_opened(planted):
    client = browser(superuser())
    for model, site in admin.site._registry.items():
        if not isinstance(site, FiguresAdmin):
            continue
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for name in ("change", "delete", "history"):
            assert client.get(reverse(f"{base}_{name}", args=[planted.pk])).status_code == 404
        assert client.get(reverse(f"{base}_add")).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("route", GUARDED)
def test_staff_without_a_second_factor_get_nowhere(route):
    client = browser(superuser(), second_factor=False)
    for method in METHODS:
        answer = getattr(client, method)(address(route))
        assert answer.status_code in {302, 403, 404, 405}, (method, answer.status_code)
        if answer.status_code == 302:
            assert answer["Location"].startswith(("/staff/login/", "/account/2fa/", "/account/password/")) or (
                answer["Location"] == "/staff/"
            ), answer["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize("route", GUARDED)
def test_for_members_there_is_nothing(route):
    home = factories.organization()
    client = browser(factories.member(home, "owner"))
    for method in METHODS:
        answer = getattr(client, method)(address(route), follow=True)
        assert answer.status_code in {404, 405}, (method, answer.status_code)


@pytest.mark.django_db
def test_staff_who_are_no_superusers_look_and_switch_nothing():
    operator = factories.organization(is_operator=True, slug="operator")
    person = factories.staff()
    person.is_superuser = False
    person.save()
    client = browser(person)
    for name in ("accounts_user", "accounts_organization", "retention_operatordecision", "jobs_job"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    change = reverse("admin:accounts_user_change", args=[person.pk])
    assert client.post(change, {"is_active": "on", "is_staff": "on", "is_superuser": "on"}).status_code == 403
    person.refresh_from_db()
    assert person.is_superuser is False
    assert client.post(reverse("admin:retention_operatordecision_add"), {}).status_code == 403
    assert (
        client.post(reverse("admin:accounts_organization_change", args=[operator.pk]), {"state": "closed"}).status_code
        == 403
    )
