"""Staff see figures, never a connection."""

import pytest
from django.test import RequestFactory
from django.urls import reverse

from agents import connections
from agents.admin import ProviderConnectionAdmin, connection_counts
from agents.models import ProviderConnection
from tests import factories
from tests.agents.conftest import BY, NOW

pytestmark = pytest.mark.django_db


def test_counts_over_all_organizations(organization, other, connection):
    connections.create(organization_id=other.id, provider="vapi", name="Secret plan", by=BY, at=NOW)
    [row] = connection_counts()
    assert (row["state"], row["connections"], row["organizations"]) == ("active", 2, 2)


def test_the_page_shows_figures_and_no_name(organization, connection):
    from django.contrib import admin

    request = RequestFactory().get(reverse("admin:agents_providerconnection_changelist"))
    request.user, request.session = factories.staff(), {}
    page = ProviderConnectionAdmin(ProviderConnection, admin.site).changelist_view(request)
    text = page.rendered_content if hasattr(page, "rendered_content") else page.content.decode()
    assert "Vapi" in text
    assert "Front desk" not in text
    assert connection.public_id not in text


def test_no_row_can_be_opened_or_changed(organization, connection):
    from django.contrib import admin

    site = ProviderConnectionAdmin(ProviderConnection, admin.site)
    request = RequestFactory().get("/")
    request.user = factories.staff()
    assert not site.has_view_permission(request, connection)
    assert not site.has_add_permission(request)
    assert not site.has_change_permission(request, connection)
    assert not site.has_delete_permission(request, connection)
