"""The cache on Redis or Valkey: Django's own, with one client instead of one for each command.

Making a client costs more than the command: it copies the parsers of some three hundred commands.
"""

from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangosRedisCache
from django.core.cache.backends.redis import RedisCacheClient


class _Client(RedisCacheClient):
    """Clients may be shared, pools notice a fork (redis-py); Django keeps a cache object for each thread.

    Of several servers, a thread reads from the one it drew first.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._clients: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if write not in self._clients:
            self._clients[write] = super().get_client(key, write=write)
        return self._clients[write]


class RedisCache(DjangosRedisCache):
    """`BACKEND` of the settings."""

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
