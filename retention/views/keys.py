"""The published signing keys: what anyone needs to verify a certificate offline."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ground import vault


@login_not_required
@require_safe
@cache_control(public=True, max_age=300)
def signing_keys(request: HttpRequest) -> HttpResponse:
    """`{"keys": [...]}`, the whole history, oldest first; `manage.py verify_certificate --public-key FILE` reads it."""
    response = JsonResponse({"keys": [key.to_dict() for key in vault.signing.public_keys()]})
    response["Access-Control-Allow-Origin"] = "*"
    return response
