"""Mounted under /api/v1/."""

from django.urls import path

from calls.api import views

app_name = "calls_api"
urlpatterns = [
    path("calls", views.CallsView.as_view(), name="calls"),
    path("calls/<uuid:call_id>", views.CallView.as_view(), name="call"),
    path("calls/<uuid:call_id>/destruction", views.DestructionView.as_view(), name="destruction"),
    path("calls/<uuid:call_id>/transcript", views.TranscriptView.as_view(), name="transcript"),
    path("calls/<uuid:call_id>/report", views.ReportView.as_view(), name="report"),
    path("calls/<uuid:call_id>/recording", views.RecordingView.as_view(), name="recording"),
]
