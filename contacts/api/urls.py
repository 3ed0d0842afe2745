"""Mounted under /api/v1/."""

from django.urls import path

from contacts.api import views

app_name = "contacts_api"
urlpatterns = [
    path("contacts", views.ContactsView.as_view(), name="contacts"),
    path("contacts/search", views.ContactSearchView.as_view(), name="search"),
    path("contacts/batch", views.ContactBatchView.as_view(), name="batch"),
    path("contacts/<uuid:contact_id>", views.ContactView.as_view(), name="contact"),
]
