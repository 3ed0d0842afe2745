"""Who is calling: an API key in the Authorization header."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sv_live_<8 characters>_<secret>`."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        return None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'
