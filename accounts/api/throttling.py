"""How often one key may ask. The counter lives in the cache; a cache that is down lets requests through."""

import logging
from typing import Any

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from accounts.services.api_keys import KnownKey

_log = logging.getLogger(__name__)


class KeyRateThrottle(SimpleRateThrottle):
    """Requests per key; the rate is `api_key` in DEFAULT_THROTTLE_RATES."""

    scope = "api_key"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        known = request.auth
        return f"throttle_api_key_{known.id}" if isinstance(known, KnownKey) else None

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except RedisError:
            _log.warning("the cache does not answer: requests are not counted")
            return True

    def headers(self) -> dict[str, str]:
        """The RateLimit fields of the request just counted (draft-ietf-httpapi-ratelimit-headers)."""
        history: list[float] | None = getattr(self, "history", None)
        allowed, seconds = self.parse_rate(self.get_rate())
        if history is None or allowed is None or seconds is None:
            return {}
        return {
            "RateLimit-Limit": str(allowed),
            "RateLimit-Remaining": str(max(0, allowed - len(history))),
            "RateLimit-Reset": str(seconds),
        }
