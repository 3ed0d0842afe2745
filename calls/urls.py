"""Addresses of calls below /o/<slug>/. The pages themselves are mounted by the dashboard."""

from django.urls import path

from calls.views.audio import audio

app_name = "calls"
urlpatterns = [path("calls/<uuid:call_id>/audio", audio, name="audio")]
