"""Mounted under /api/v1/."""

from django.urls import path

from retention.api import holds, periods, proofs

urlpatterns = [
    path("retention", periods.PeriodsView.as_view(), name="api-retention"),
    path("retention/<slug:category>", periods.PeriodView.as_view(), name="api-retention-category"),
    path("retention/<slug:category>/preview", periods.PreviewView.as_view(), name="api-retention-preview"),
    path("retention/<slug:category>/change", periods.ChangeView.as_view(), name="api-retention-change"),
    path("retention/<slug:category>/undo", periods.UndoView.as_view(), name="api-retention-undo"),
    path("holds", holds.HoldsView.as_view(), name="api-holds"),
    path("holds/<uuid:hold_id>", holds.HoldView.as_view(), name="api-hold"),
    path("holds/<uuid:hold_id>/reason", holds.ReasonView.as_view(), name="api-hold-reason"),
    path("holds/<uuid:hold_id>/release", holds.ReleaseView.as_view(), name="api-hold-release"),
    path("purge-runs", proofs.RunsView.as_view(), name="api-purge-runs"),
    path("purge-runs/<uuid:run_id>", proofs.RunView.as_view(), name="api-purge-run"),
    path("certificates", proofs.CertificatesView.as_view(), name="api-certificates"),
    path("certificates/<uuid:certificate_id>", proofs.CertificateView.as_view(), name="api-certificate"),
    path("certificates/<uuid:certificate_id>/bundle", proofs.BundleView.as_view(), name="api-certificate-bundle"),
]
