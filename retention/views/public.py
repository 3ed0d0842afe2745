"""Verify a certificate without an account: upload or paste, and see what holds. Nothing is stored, nothing logged.

A file is refused by its announced length before a byte of it is read; what fits stays in memory.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.doorkeeper import may_ask
from ground.vault.statements import SignedStatement
from retention import proof
from retention.forms import VerifyForm
from retention.models import Moment
from retention.services import verifying
from retention.services.anchors import Anchor, anchor_of_content

PER_MINUTE = 20
_ENVELOPE = 16 * 1024  # boundaries and fields around the file


@dataclass(frozen=True, slots=True)
class Checked:
    """A genuine statement as people read it."""

    content: dict[str, Any]
    signed: SignedStatement
    anchor: Anchor | None

    @property
    def claim(self) -> str:
        moment = str(self.content.get("moment"))
        return proof.claim(moment) if moment in Moment.values else str(self.content.get("claim", ""))

    @property
    def digest(self) -> str:
        return proof.spaced(self.signed.digest)


@csrf_exempt  # checked by `_answer`, after the length was looked at
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """`/verify/`: the same check as `manage.py verify_certificate`, by the published history of keys."""
    if request.method == "POST" and _announced(request) > verifying.LARGEST + _ENVELOPE:
        return _page(request, VerifyForm(), refused=_too_large(), status=413)
    request.upload_handlers = [MemoryFileUploadHandler(request)]
    return _answer(request)


@csrf_protect
def _answer(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, VerifyForm())
    if not may_ask(request, "verify", per_minute=PER_MINUTE):
        sentence = _("That was often. Wait a minute, then check the next one; nothing is lost.")
        answer = _page(request, VerifyForm(), refused=sentence, status=429)
        answer["Retry-After"] = "60"
        return answer
    form = VerifyForm(request.POST, request.FILES)
    raw = form.raw() if form.is_valid() else b""
    if not raw.strip():
        return _page(request, form, refused=_("Choose a file or paste the text of a certificate."), status=422)
    if len(raw) > verifying.LARGEST:
        return _page(request, VerifyForm(), refused=_too_large(), status=413)
    verdict = verifying.verify(raw)
    return _page(request, VerifyForm(), verdict=verdict, checked=checked(verdict), problem=problem(verdict))


def checked(verdict: verifying.Verdict) -> list[Checked]:
    """The statements of a genuine certificate, each with the audit block that anchors it."""
    return [
        Checked(content, signed, anchor_of_content(content))
        for content, signed in zip(verdict.contents, verdict.signed, strict=True)
    ]


def _announced(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdigit() else 0


def _too_large() -> str:
    return _("This is larger than any certificate. Choose the file that was downloaded here; it has a few kilobytes.")


def _page(request: HttpRequest, form: VerifyForm, *, status: int = 200, **facts: Any) -> HttpResponse:
    return render(request, "retention/verify_public.html", {"form": form, **facts}, status=status)


def problem(verdict: verifying.Verdict) -> str:
    """Which check failed, in plain words."""
    sentence = {
        "": "",
        "no_certificate": _("This is no certificate: it cannot be read as one."),
        "pdf": _(
            "This is a PDF. Its text is for reading; what is signed is the file attached to it. Take out the "
            "attachment that ends in .json and check that."
        ),
        "bad_signature": _("The signature does not belong to this text. Something was changed, or is missing."),
        "unknown_key": _("It was signed by a key that this operator never published."),
        "mixed": _("The statements belong to different certificates."),
        "broken_chain": _("A later statement names an earlier one by its digest, and this file holds another."),
    }[verdict.problem]
    if verdict.number:
        return _("Statement %(n)d of the file:") % {"n": verdict.number} + f" {sentence}"
    return str(sentence)
