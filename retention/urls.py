"""Pages of retention, mounted under /o/<slug>/."""

from django.urls import path

from retention.views import aside, certificates, destroying, history, holds, proof_lists, purges, settings
from retention.views.destroying import CALL, CONTACT

app_name = "retention"
urlpatterns = [
    path("retention/", settings.settings, name="settings"),
    path("retention/effect/", settings.effect, name="settings_effect"),
    path("retention/preview/", settings.preview, name="preview"),
    path("retention/change/", settings.change, name="change"),
    path("retention/history/", history.history, name="history_all"),
    path("retention/history.csv", history.as_csv, name="history_all_csv"),
    path("retention/<slug:category>/undo/", settings.undo, name="change_undo"),
    path("retention/<slug:category>/history/", history.history, name="history"),
    path("retention/<slug:category>/history.csv", history.as_csv, name="history_csv"),
    path("purges/", purges.purges, name="purges"),
    path("purges/export.csv", proof_lists.purges_csv, name="purges_csv"),
    path("purges/now/", purges.purge_now, name="purge_now"),
    path("purges/retry/", purges.retry, name="purge_retry"),
    path("purges/aside/", aside.aside, name="set_aside"),
    path("purges/aside/export.csv", aside.as_csv, name="set_aside_csv"),
    path("purges/aside/<uuid:record_id>/retry/", purges.retry, name="record_retry"),
    path("purges/<uuid:run_id>/", purges.purge, name="purge"),
    path("purges/<uuid:run_id>/approve/", purges.approve, name="purge_approve"),
    path("certificates/", proof_lists.certificates, name="certificates"),
    path("certificates/export.csv", proof_lists.certificates_csv, name="certificates_csv"),
    path("certificates/verify/", certificates.verify, name="certificate_verify"),
    path("certificates/archive/", certificates.archive, name="certificates_archive"),
    path("certificates/<uuid:certificate_id>/", certificates.certificate, name="certificate"),
    path("certificates/<uuid:certificate_id>/file/", certificates.download, name="certificate_download"),
    path("certificates/<uuid:certificate_id>/pdf/", certificates.as_pdf, name="certificate_pdf"),
    path("holds/", holds.holds, name="holds"),
    path("holds/export.csv", holds.as_csv, name="holds_csv"),
    path("holds/place/", holds.place, name="hold_place"),
    path("holds/<uuid:hold_id>/", holds.hold, name="hold"),
    path("holds/<uuid:hold_id>/reason/", holds.reason, name="hold_reason"),
    path("holds/<uuid:hold_id>/release/", holds.release, name="hold_release"),
    path("calls/<uuid:object_id>/destroy/", destroying.destroy, {"door": CALL}, name="call_destroy"),
    path("calls/<uuid:object_id>/destroy/undo/", destroying.undo, {"door": CALL}, name="call_destroy_undo"),
    path("calls/<uuid:object_id>/destroy/state/", destroying.state, {"door": CALL}, name="call_destroy_state"),
    path("contacts/<uuid:object_id>/destroy/", destroying.destroy, {"door": CONTACT}, name="contact_destroy"),
    path("contacts/<uuid:object_id>/destroy/undo/", destroying.undo, {"door": CONTACT}, name="contact_destroy_undo"),
    path("contacts/<uuid:object_id>/destroy/state/", destroying.state, {"door": CONTACT}, name="contact_destroy_state"),
]
