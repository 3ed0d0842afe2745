"""Production only tightens what base says."""

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403  (all of the base)
from .base import env

if env.bool("MEDIA_FETCH_ALLOW_LOOPBACK", False):
    raise ImproperlyConfigured(
        "MEDIA_FETCH_ALLOW_LOOPBACK must not be set in production: recordings come from providers."
    )
MEDIA_FETCH_ALLOW_LOOPBACK = False
if env.str("SOTTOVOCE_FAULT", ""):
    raise ImproperlyConfigured("SOTTOVOCE_FAULT stops processes on purpose; it must not be set in production.")
SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
