"""Sessions in the database, unreadable there.

allauth keeps a TOTP secret in the session while it is being set up, and e-mail codes until they are typed. Django only
signs what it stores; we encrypt it (AES-256-GCM) under a key derived from SECRET_KEY (HKDF-SHA256, RFC 5869), which is
not in the database. A session that does not open is an empty one: the person signs in again.
"""

import base64
import json
import os
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

_INFO = b"sottovoce/session/1"


@cache
def _cipher(secret: str) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=_INFO).derive(secret.encode()))


class SessionStore(DatabaseStore):
    """Django's own database store with another spelling of the payload."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        nonce = os.urandom(12)
        plain = json.dumps(session_dict, separators=(",", ":")).encode()
        return base64.b64encode(nonce + _cipher(settings.SECRET_KEY).encrypt(nonce, plain, _INFO)).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        try:
            raw = base64.b64decode(session_data, validate=True)
        except ValueError:
            return {}
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            try:
                session: dict[str, Any] = json.loads(_cipher(secret).decrypt(raw[:12], raw[12:], _INFO))
            except (InvalidTag, ValueError):
                continue
            return session
        return {}
