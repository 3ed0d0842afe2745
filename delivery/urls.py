"""A member's notices, mounted under /o/<slug>/."""

from django.urls import path

from delivery import views

app_name = "delivery"
urlpatterns = [
    path("notices/", views.listing, name="notices"),
    path("notices/export.csv", views.notices_csv, name="notices_csv"),
    path("notices/bell/", views.bell, name="bell"),
    path("notices/read/", views.read_all, name="read_all"),
    path("notices/<uuid:notice_id>/", views.follow, name="notice"),
    path("notices/<uuid:notice_id>/mark/", views.mark, name="mark"),
]
