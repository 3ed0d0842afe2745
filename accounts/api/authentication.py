"""Who is calling: an API key in the Authorization header."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.services import api_keys
from accounts.services.api_keys import KnownKey

REFUSED_KEY = "refused_key"  # of a request: the key that did not open, for the request log of its organization


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sv_live_<8 characters>_<secret>`. One answer for every key that does not open."""

    def authenticate(self, request: Request) -> tuple[Any, KnownKey] | None:
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if not text:
            return None
        known = api_keys.look_up(text.strip(), at=timezone.now()) if scheme.lower() == "bearer" else None
        if known is None or not known.opens:
            setattr(request._request, REFUSED_KEY, known)
            raise AuthenticationFailed("This API key does not exist, is revoked or has run out.")
        return AnonymousUser(), known

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    """How the OpenAPI document describes it."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "sv_live_<id>_<secret>"}
