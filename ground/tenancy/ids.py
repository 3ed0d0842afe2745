"""Time-ordered identifiers (RFC 9562, section 5.7: UUID version 7), made here so that PostgreSQL 15 serves too."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """A new identifier: 48 bits of Unix milliseconds, 74 random bits; neighbours in time are neighbours in an index."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    return UUID(int=value)
