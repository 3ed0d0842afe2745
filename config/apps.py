"""The staff site takes the place of Django's default admin site."""

from django.contrib.admin.apps import AdminConfig as StockAdminConfig


class AdminConfig(StockAdminConfig):
    default_site = "accounts.admin_site.StaffSite"
