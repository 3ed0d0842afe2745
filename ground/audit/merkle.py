"""Merkle trees over SHA-256 as in RFC 6962, section 2.1: leaves and nodes are hashed under different prefixes.

The tree is built from the bottom; a node without a neighbour moves up unchanged. That is the same tree as the RFC's
recursive split at the largest power of two.
"""

from collections.abc import Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf(data: bytes) -> bytes:
    """The 32-byte leaf hash of `data`."""
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The 32-byte root over leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    level = leaves
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def path(leaves: Sequence[bytes], index: int) -> list[tuple[str, bytes]]:
    """The neighbours from leaf `index` to the root, each with the side ("left" or "right") on which it stands."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    steps: list[tuple[str, bytes]] = []
    level = leaves
    while len(level) > 1:
        if index % 2:
            steps.append(("left", level[index - 1]))
        elif index + 1 < len(level):
            steps.append(("right", level[index + 1]))
        level = _parents(level)
        index //= 2
    return steps


def climb(leaf_hash: bytes, steps: Sequence[tuple[str, bytes]]) -> bytes:
    """The root that a leaf hash and its path lead to."""
    current = leaf_hash
    for side, neighbour in steps:
        current = node(neighbour, current) if side == "left" else node(current, neighbour)
    return current


def _parents(level: Sequence[bytes]) -> list[bytes]:
    parents = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
    if len(level) % 2:
        parents.append(level[-1])
    return parents
