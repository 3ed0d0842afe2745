"""The audit log, mounted under /o/<slug>/."""

from django.urls import path

from retention.views import audit_log

app_name = "audit"
urlpatterns = [
    path("audit/", audit_log.log, name="log"),
    path("audit/verify/", audit_log.verify, name="verify"),
    path("audit/export/", audit_log.export, name="export"),
]
