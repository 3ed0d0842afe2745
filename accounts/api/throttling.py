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
        history = getattr(self, "history", None)
        if history is None or not self.num_requests or not self.duration:
            return {}
        left = max(0, self.num_requests - len(history))
        return {
            "RateLimit-Limit": str(self.num_requests),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(int(self.duration)),
        }
