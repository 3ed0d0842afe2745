"""Every address of the platform. Apps bring their own; this file only mounts them."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from accounts.api_docs.views import api_docs
from config import health
from retention.views.keys import signing_keys
from retention.views.overview import overview
from retention.views.public import verify as verify_certificate

# Everything below /o/<slug>/ runs for one organization (accounts/middleware.py) and states the permission it needs.
organization_patterns: list[URLPattern | URLResolver] = [
    path("", overview, name="overview"),  # takes over the shell that accounts:overview names
    path("", include("accounts.urls")),
    path("", include("calls.urls")),
    path("", include("agents.urls")),
    path("", include("contacts.urls")),
    path("", include("retention.urls")),
    path("", include("retention.audit_urls")),
    path("", include("delivery.urls")),
]

# The door for programs. Each app brings its own addresses below /api/v1/.
api_patterns = [
    path("", include("calls.api.urls")),
    path("", include("agents.api.urls")),
    path("", include("contacts.api.urls")),
    path("", include("retention.api.urls")),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path(".well-known/sottovoce/signing-keys.json", signing_keys, name="signing_keys"),
    path("verify/", verify_certificate, name="verify_certificate"),
    path("staff/", admin.site.urls),
    path("desk/", include("accounts.desk_urls")),
    path("", include("calls.ingest_urls")),
    path("api/v1/", include(api_patterns)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", api_docs, name="api_docs"),
    path("o/<slug:slug>/", include(organization_patterns)),
    path("", include("delivery.person_urls")),
    path("", include("accounts.person_urls")),
]

handler400 = "accounts.error_views.bad_request"
handler403 = "accounts.error_views.forbidden"
handler404 = "accounts.error_views.not_found"
handler500 = "accounts.error_views.failed"
