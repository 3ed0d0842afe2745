"""How a person wants to hear of things, outside any organization."""

from django.urls import path

from delivery import views

urlpatterns = [path("account/notifications/", views.notifications, name="notifications")]
