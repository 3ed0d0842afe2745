"""Pages of one person, outside any organization."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from accounts import own_account_views, start_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("account/organization/", start_views.open_organization, name="organization_new"),
    path("account/profile/", own_account_views.profile, name="profile"),
    path("account/data/", own_account_views.own_data, name="account_data"),
    path("account/close/", own_account_views.close_account, name="account_close"),
    path("account/closed/", own_account_views.account_closed, name="account_closed"),
    path("account/theme/", views.theme, name="theme"),
    path("account/language/", login_not_required(set_language), name="set_language"),
    path("account/invitation/<str:token>/", views.invitation, name="invitation"),
    path("account/", include("allauth.urls")),
]
