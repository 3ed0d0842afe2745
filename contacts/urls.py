"""Pages of contacts, mounted under /o/<slug>/."""

from django.urls import path

from contacts import export_views, import_views, list_views, views

app_name = "contacts"
urlpatterns = [
    path("contacts/", views.listing, name="list"),
    path("contacts/export.csv", export_views.as_csv, name="csv"),
    path("contacts/new/", views.new, name="new"),
    path("contacts/lists/", list_views.listing, name="lists"),
    path("contacts/lists/export.csv", list_views.as_csv, name="lists_csv"),
    path("contacts/lists/new/", list_views.create, name="list_create"),
    path("contacts/lists/<uuid:list_id>/remove/", list_views.destroy, name="list_remove"),
    path("contacts/import/", import_views.upload, name="import_upload"),
    path("contacts/import/export.csv", import_views.imports_csv, name="imports_csv"),
    path("contacts/import/<uuid:import_id>/", import_views.step, name="import"),
    path("contacts/import/<uuid:import_id>/progress/", import_views.progress, name="import_progress"),
    path("contacts/import/<uuid:import_id>/start/", import_views.start, name="import_start"),
    path("contacts/import/<uuid:import_id>/discard/", import_views.discard, name="import_discard"),
    path("contacts/import/<uuid:import_id>/lines-left-out.csv", import_views.problems, name="import_problems"),
    path("contacts/<uuid:contact_id>/", views.contact, name="contact"),
    path("contacts/<uuid:contact_id>/reveal/", views.revealed, name="reveal"),
    path("contacts/<uuid:contact_id>/edit/", views.edit, name="edit"),
    path("contacts/<uuid:contact_id>/lists/", list_views.place, name="place"),
    path("contacts/<uuid:contact_id>/merge/", views.join, name="merge"),
]
