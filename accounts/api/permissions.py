"""What a key may do."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.permissions import PERMISSIONS, UnknownPermission


class HasScope(BasePermission):
    """The key must carry the view's scope: `scopes = {"GET": "calls.read", "POST": "calls.write"}` or one `scope`.

    A view that names no scope is refused to everyone: an open door must be opened on purpose.
    """

    message = "The API key does not carry the scope this needs."

    def has_permission(self, request: Request, view: Any) -> bool:
        scope = self.needed(request, view)
        held = getattr(request.auth, "scopes", ())
        self.message = f"The API key does not carry the scope {scope}." if scope else "No key opens this."
        return bool(scope) and scope in held

    @staticmethod
    def needed(request: Request, view: Any) -> str:
        """The scope for this method; "" when the view names none. Raises UnknownPermission for a misspelt word."""
        by_method = getattr(view, "scopes", {})
        method = "GET" if request.method in {"HEAD", "OPTIONS"} else str(request.method)
        scope = str(by_method.get(method, "") or getattr(view, "scope", ""))
        if scope and scope not in PERMISSIONS:
            raise UnknownPermission(scope)
        return scope
