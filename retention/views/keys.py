"""The published signing keys: what anyone needs to verify a certificate offline."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ground import vault


@login_not_required
@require_safe
@cache_control(public=True, max_age=300)
def signing_keys(request: HttpRequest) -> HttpResponse:
    """`{"keys": [...], "verify": address}`: the whole history, oldest first, and the page that checks by it.

    `manage.py verify_certificate FILE --public-key FILE` reads it as it is.
    """
    keys = [key.to_dict() for key in vault.signing.public_keys()]
    response = JsonResponse({"keys": keys, "verify": f"{settings.PUBLIC_BASE_URL}{reverse('verify_certificate')}"})
    response["Access-Control-Allow-Origin"] = "*"
    return response
