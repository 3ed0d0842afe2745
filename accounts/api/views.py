"""The base of every API view: one organization, one transaction, one kind of error."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import idempotency
from accounts.services import api_keys
from accounts.services.api_keys import KnownKey
from ground import tenancy
from ground.tenancy import Actor


class OrganizationAPIView(APIView):
    """Runs its handler inside `acting_for` the key's organization; an exception rolls everything back.

    `scope` or `scopes` name what the key must carry. `idempotent = True`: POST honours `Idempotency-Key`; such a view
    answers with ids, counts and states only. `own_transactions = True`: the handler commits in steps (ingest that
    mints keys); no transaction is opened around it, and its services open their own. `binds_answer = True`: one of
    those transactions is the work, and the handler calls `begin` first and `keep_answer` last in it.
    """

    scope = ""
    scopes: dict[str, str] = {}
    idempotent = False
    own_transactions = False
    binds_answer = False
    _asked: idempotency.Asked | None = None
    _claimed: idempotency.Claim | None = None
    _answer_is_kept = False

    @property
    def known_key(self) -> KnownKey:
        known = self.request.auth
        if not isinstance(known, KnownKey):
            raise NotAuthenticated
        return known

    @property
    def organization_id(self) -> UUID:
        return self.known_key.organization_id

    @property
    def actor(self) -> Actor:
        return self.known_key.actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's dispatch, with the organization's transaction around the handler."""
        self.args, self.kwargs = args, kwargs
        drf_request = self.initialize_request(request, *args, **kwargs)
        self.request = drf_request
        self.headers = self.default_response_headers
        try:
            self.initial(drf_request, *args, **kwargs)
            known = self.known_key
            api_keys.note_use(known, at=timezone.now())
            response = self._answer(drf_request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001  (as DRF does: the handler turns it into a problem or raises it again)
            response = self.handle_exception(error)
        self.response = self.finalize_response(drf_request, response, *args, **kwargs)
        return self.response

    def _answer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(idempotency.HEADER)
        if key is None or not self.idempotent or request.method != "POST":
            return self._handle(request, None, *args, **kwargs)
        print_ = idempotency.fingerprint("POST", request.get_full_path(), request._request.body)
        if self.binds_answer:
            self._asked = idempotency.asked(organization_id=self.organization_id, key=key, print_=print_)
            try:
                return self._handle(request, None, *args, **kwargs)
            except idempotency.Answered as known:
                return _again(known.replay)
        claimed = idempotency.claim(organization_id=self.organization_id, key=key, print_=print_)
        if isinstance(claimed, idempotency.Replay):
            return _again(claimed)
        try:
            response = self._handle(request, claimed, *args, **kwargs)
        except BaseException:
            idempotency.release(claimed)
            raise
        if not 200 <= response.status_code < 300:
            idempotency.release(claimed)
        return response

    def _handle(self, request: Request, claimed: idempotency.Claim | None, *args: Any, **kwargs: Any) -> Response:
        method = str(request.method).lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        handler = handler or self.http_method_not_allowed
        if self.own_transactions:
            self._claimed = claimed
            response: Response = handler(request, *args, **kwargs)
            if claimed is not None and not self._answer_is_kept:
                with tenancy.acting_for(self.organization_id):
                    self._remember(claimed, response)
            return response
        with tenancy.acting_for(self.organization_id):
            response = handler(request, *args, **kwargs)
            self._remember(claimed, response)
        return response

    def begin(self) -> None:
        """For a handler that binds its answer: ends the work at once when this request was carried out before."""
        if self._asked is not None:
            idempotency.begin(self._asked)

    def keep_answer(self, answer: Any, status_code: int) -> None:
        """For a handler with transactions of its own: called in the last of them, it binds the answer to the work.

        Otherwise a crash between the two would leave work that a repeated request cannot know as its own.
        """
        if self._asked is not None:
            idempotency.keep(self._asked, status_code=status_code, answer=answer)
        if self._claimed is not None:
            idempotency.remember(self._claimed, status_code=status_code, answer=answer)
            self._answer_is_kept = True

    @staticmethod
    def _remember(claimed: idempotency.Claim | None, response: Response) -> None:
        if claimed is not None and 200 <= response.status_code < 300:
            idempotency.remember(claimed, status_code=response.status_code, answer=response.data)

    def get_throttles(self) -> Any:
        self._throttles = super().get_throttles()
        return self._throttles

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        for throttle in getattr(self, "_throttles", ()):
            for name, value in getattr(throttle, "headers", dict)().items():
                response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)


def _again(replay: idempotency.Replay) -> Response:
    return Response(replay.body, replay.status, headers={"Idempotent-Replayed": "true"})
