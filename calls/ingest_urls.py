"""The door for providers."""

from django.urls import path

from calls.views.ingest import ingest

urlpatterns = [path("ingest/<slug:provider>/<str:public_id>", ingest, name="ingest")]
