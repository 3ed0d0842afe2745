"""`/api/docs/`: for strangers too. Everything on it comes from the document and from the settings it is about."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from accounts.api import idempotency, problems
from accounts.api.throttling import KeyRateThrottle
from accounts.api_docs import curl
from accounts.api_docs.reading import Reference, read


@login_not_required
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """The frame is made for each visitor; what it explains, once for each language."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    reference = _reference(language, settings.PUBLIC_BASE_URL)
    body = _body(language, settings.PUBLIC_BASE_URL)
    return render(request, "api_docs/page.html", {"reference": reference, "body": body})


@lru_cache(maxsize=16)
def _reference(language: str, base_url: str) -> Reference:
    """The document is English whoever reads it; what we say about its limits is in the reader's language."""
    with translation.override("en"):
        generator: Any = SchemaGenerator()  # type: ignore[no-untyped-call]  # the library's own, untyped
        document: dict[str, Any] = generator.get_schema(request=None, public=True)
    with translation.override(language):
        return read(document, base_url=base_url)


@lru_cache(maxsize=16)
def _body(language: str, base_url: str) -> SafeString:
    """The part of the page that is the same for everybody: hundreds of members, drawn once."""
    reference = _reference(language, base_url)
    allowed, seconds = KeyRateThrottle().parse_rate(KeyRateThrottle().get_rate())
    told = {
        "reference": reference,
        "base_url": base_url,
        "key_variable": curl.KEY,
        "repeatable": reference.taking(idempotency.HEADER),
        "repeat_header": idempotency.HEADER,
        "remembered_hours": int(idempotency.REMEMBERED_FOR.total_seconds() // 3600),
        "paged": reference.taking("cursor", "limit"),
        "problem_type": problems.TYPE,
        "problem_media_type": problems.CONTENT_TYPE,
        "rate": allowed,
        "rate_seconds": seconds,
    }
    with translation.override(language):
        return render_to_string("api_docs/_body.html", told)
