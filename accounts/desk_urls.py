"""The staff desk, mounted under /desk/. Nobody but staff learns that it exists."""

from django.urls import path

from accounts import desk_views

app_name = "desk"
urlpatterns = [
    path("", desk_views.home, name="home"),
    path("organizations.csv", desk_views.organizations_csv, name="organizations_csv"),
    path("organizations/<uuid:organization_id>/ask/", desk_views.ask, name="ask"),
    path("sessions/", desk_views.sessions, name="sessions"),
    path("sessions/<uuid:session_id>/end/", desk_views.end, name="end"),
    path("sessions/<uuid:session_id>/extend/", desk_views.extend, name="extend"),
]
