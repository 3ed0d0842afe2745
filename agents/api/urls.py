"""Mounted under /api/v1/."""

from django.urls import path

from agents.api import views

app_name = "agents_api"
urlpatterns = [
    path("agents", views.AgentsView.as_view(), name="agents"),
    path("agents/<uuid:agent_id>", views.AgentView.as_view(), name="agent"),
    path("agents/<uuid:agent_id>/revisions", views.RevisionsView.as_view(), name="revisions"),
    path("provider-connections", views.ConnectionsView.as_view(), name="connections"),
    path("provider-connections/<uuid:connection_id>/rotate", views.RotationView.as_view(), name="rotate"),
]
