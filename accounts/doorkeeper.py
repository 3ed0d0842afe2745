"""How often somebody without an account may ask a public page to work. Counts in the cache, by a keyed digest of the
address for one minute: no address is stored or logged. A cache that is down lets requests through."""

import logging
import time

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)
WINDOW_SECONDS = 60


def may_ask(request: HttpRequest, door: str, *, per_minute: int) -> bool:
    """Count this request at `door`; False when this address has asked too often within the minute."""
    try:
        address = get_adapter().get_client_ip(request)
    except PermissionDenied:
        address = "unknown"
    minute = int(time.time()) // WINDOW_SECONDS
    key = f"door:{salted_hmac(f'sottovoce.door.{door}', f'{minute} {address}', algorithm='sha256').hexdigest()[:32]}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        return int(cache.incr(key)) <= per_minute
    except ValueError:
        return True  # the counter expired between the two steps
    except RedisError:
        _log.warning("the cache does not answer: requests are not counted")
        return True
