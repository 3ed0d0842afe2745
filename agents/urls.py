"""Pages of agents and connections, mounted under /o/<slug>/."""

from django.urls import path

from agents import connection_list_views, connection_views, draft_views, list_views, revision_views, views

app_name = "agents"
urlpatterns = [
    path("agents/", list_views.listing, name="list"),
    path("agents/export.csv", list_views.as_csv, name="csv"),
    path("agents/new/", views.new, name="new"),
    path("agents/<uuid:agent_id>/", views.agent, name="agent"),
    path("agents/<uuid:agent_id>/draft/", draft_views.draft, name="draft"),
    path("agents/<uuid:agent_id>/draft/discard/", draft_views.discard, name="draft_discard"),
    path("agents/<uuid:agent_id>/draft/bring-back/", draft_views.bring_back, name="draft_bring_back"),
    path("agents/<uuid:agent_id>/revisions/", revision_views.listing, name="revisions"),
    path("agents/<uuid:agent_id>/revisions/export.csv", revision_views.as_csv, name="revisions_csv"),
    path("agents/<uuid:agent_id>/publish/", draft_views.publish_draft, name="publish"),
    path("agents/<uuid:agent_id>/revisions/<int:number>/restore/", draft_views.restore_revision, name="restore"),
    path("agents/<uuid:agent_id>/name/", views.rename, name="rename"),
    path("agents/<uuid:agent_id>/retire/", views.put_to_rest, name="retire"),
    path("agents/connections/", connection_list_views.listing, name="connections"),
    path("agents/connections/export.csv", connection_list_views.as_csv, name="connections_csv"),
    path("agents/connections/new/", connection_views.new, name="connection_new"),
    path("agents/connections/<uuid:connection_id>/", connection_views.connection, name="connection"),
    path("agents/connections/<uuid:connection_id>/rotate/", connection_views.rotate, name="connection_rotate"),
    path("agents/connections/<uuid:connection_id>/end-overlap/", connection_views.end_overlap, name="end_overlap"),
    path("agents/connections/<uuid:connection_id>/api-key/", connection_views.api_key, name="connection_api_key"),
    path("agents/connections/<uuid:connection_id>/switch/", connection_views.switch, name="connection_switch"),
]
