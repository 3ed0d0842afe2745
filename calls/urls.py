"""Addresses of calls below /o/<slug>/."""

from django.urls import path

from calls.views import detail, listing, search, trying
from calls.views.audio import audio

app_name = "calls"
urlpatterns = [
    path("calls/", listing.listing, name="list"),
    path("search/", search.search, name="search"),
    path("search/<slug:handle>/", search.found, name="found"),
    path("calls/export.csv", listing.as_csv, name="csv"),
    path("calls/test/<uuid:event_id>/", trying.state, name="test_call"),
    path("calls/<uuid:call_id>/", detail.call, name="call"),
    path("calls/<uuid:call_id>/audio", audio, name="audio"),
    path("calls/<uuid:call_id>/reveal/", detail.reveal, name="reveal"),
    path("calls/<uuid:call_id>/call.vcon.json", detail.as_vcon, name="vcon"),
    path("agents/connections/<uuid:connection_id>/test-call/", trying.send, name="test_call_send"),
]
