"""Pages of one organization, mounted under /o/<slug>/."""

from django.urls import path

from accounts import (
    developer_views,
    organization_views,
    request_log_views,
    settings_views,
    staff_access_views,
    start_views,
    views,
)

app_name = "accounts"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("first-steps/", start_views.put_away, name="start_put_away"),
    path("team/", organization_views.team, name="team"),
    path("team/export.csv", organization_views.team_csv, name="team_csv"),
    path("team/invite/", organization_views.invite, name="invite"),
    path(
        "team/invitations/<uuid:invitation_id>/revoke/",
        organization_views.revoke_invitation,
        name="invitation_revoke",
    ),
    path("team/<uuid:user_id>/role/", organization_views.change_role, name="member_role"),
    path("team/<uuid:user_id>/remove/", organization_views.remove_member, name="member_remove"),
    path("staff-access/", staff_access_views.page, name="staff_access"),
    path("staff-access/export.csv", staff_access_views.as_csv, name="staff_access_csv"),
    path("staff-access/rule/", staff_access_views.rule, name="staff_rule"),
    path("staff-access/<uuid:session_id>/approve/", staff_access_views.approve, name="staff_approve"),
    path("staff-access/<uuid:session_id>/refuse/", staff_access_views.refuse, name="staff_refuse"),
    path("staff-access/<uuid:session_id>/end/", staff_access_views.end, name="staff_end"),
    path("developers/", developer_views.developers, name="developers"),
    path("developers/keys.csv", developer_views.keys_csv, name="keys_csv"),
    path("developers/keys/", developer_views.create_key, name="key_create"),
    path("developers/keys/<uuid:key_id>/rotate/", developer_views.rotate_key, name="key_rotate"),
    path("developers/keys/<uuid:key_id>/revoke/", developer_views.revoke_key, name="key_revoke"),
    path("developers/requests/", request_log_views.requests, name="request_list"),
    path("developers/requests.csv", request_log_views.requests_csv, name="request_csv"),
    path("developers/requests/<uuid:request_pk>/", request_log_views.request_detail, name="request"),
    path("settings/", settings_views.settings, name="settings"),
    path("settings/undo/", settings_views.undo_settings, name="settings_undo"),
    path("settings/close/", settings_views.close, name="close"),
    path("settings/keep-open/", settings_views.keep_open, name="keep_open"),
]
