"""Sealing long things in chunks, so that any byte range opens alone and in bounded memory.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): 64 KiB chunks, each AES-256-GCM under the nonce
prefix ‖ counter ‖ last flag. Hence a chunk at another place, of another object, or taken for the end does not open.
The last chunk also authenticates the number of chunks and the total length, and a reader opens it *before* it gives
out anything: a cut at a chunk boundary is noticed even by a reader of the first byte.

Layout: format byte 0x02, 7 bytes prefix; then per chunk ciphertext and 16 bytes tag. All chunks are full but the last;
an empty object is one empty chunk.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ground.vault.exceptions import Tampered, Truncated, UnknownFormat
from ground.vault.sealing import TAG_BYTES, DataKey, bound_context

FORMAT = b"\x02"
PREFIX_BYTES = 7
HEADER_BYTES = len(FORMAT) + PREFIX_BYTES
CHUNK_BYTES = 64 * 1024
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
MAX_CHUNKS = 2**32

ReadRange = Callable[[int, int], Iterable[bytes]]
"""Give (start, length) of the sealed bytes, in pieces of any size."""


def sealed_length(plaintext_bytes: int) -> int:
    """How many bytes an object of `plaintext_bytes` takes in the store."""
    return HEADER_BYTES + plaintext_bytes + TAG_BYTES * max(1, -(-plaintext_bytes // CHUNK_BYTES))


def regroup(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`; only the last may be shorter. Holds one piece and one group."""
    buffer = bytearray()
    for piece in pieces:
        view = memoryview(piece)
        while view:
            take = size - len(buffer)
            buffer += view[:take]
            view = view[take:]
            if len(buffer) == size:
                whole = bytes(buffer)
                buffer.clear()
                yield whole
                del whole
    if buffer:
        yield bytes(buffer)


def _nonce(prefix: bytes, counter: int, *, last: bool) -> bytes:
    return prefix + counter.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _end_context(context: bytes, chunks: int, plaintext_bytes: int) -> bytes:
    return context + bound_context("end", chunks, plaintext_bytes)


def seal_stream(
    key: DataKey,
    pieces: Iterable[bytes],
    *,
    category: str,
    object_id: UUID,
    slot: str = "object",
    version: int = 1,
) -> Iterator[bytes]:
    """Seal `pieces` (any sizes) as they come; memory is one chunk. The slot is used up at once."""
    cipher = AESGCM(key.use_up(slot))
    context = bound_context("stream", key.organization_id, category, object_id, slot, version)
    return _sealed_pieces(cipher, pieces, context)


def _sealed_pieces(cipher: AESGCM, pieces: Iterable[bytes], context: bytes) -> Iterator[bytes]:
    prefix = os.urandom(PREFIX_BYTES)
    yield FORMAT + prefix
    counter, total, held = 0, 0, b""
    for chunk in regroup(pieces, CHUNK_BYTES):
        if total:
            if counter + 2 > MAX_CHUNKS:
                raise OverflowError("an object may not have more than 2**32 chunks")
            yield cipher.encrypt(_nonce(prefix, counter, last=False), held, context)
            counter += 1
        held = chunk
        total += len(chunk)
    yield cipher.encrypt(_nonce(prefix, counter, last=True), held, _end_context(context, counter + 1, total))


class SealedReader:
    """Reads any range of one sealed object. `plaintext_bytes` is authenticated when the constructor returns."""

    def __init__(
        self,
        key: DataKey,
        read: ReadRange,
        stored_bytes: int,
        *,
        category: str,
        object_id: UUID,
        slot: str = "object",
        version: int = 1,
    ) -> None:
        self._name = f"{category} {object_id} (slot {slot}, version {version})"
        self._cipher = AESGCM(key.slot_secret(slot))
        self._context = bound_context("stream", key.organization_id, category, object_id, slot, version)
        self._read = read
        body = stored_bytes - HEADER_BYTES
        self._chunks, rest = divmod(body, SEALED_CHUNK_BYTES)
        if rest:
            self._chunks += 1
        if body < TAG_BYTES or 0 < rest < TAG_BYTES or (rest == TAG_BYTES and self._chunks > 1):
            raise Truncated(f"sealed {self._name} has {stored_bytes} bytes, which no sealed object has")
        self.plaintext_bytes = body - TAG_BYTES * self._chunks
        header = self._exactly(0, HEADER_BYTES)
        if header[:1] != FORMAT:
            raise UnknownFormat(f"sealed {self._name} has format byte {header[0]:#04x}")
        self._prefix = header[1:]
        self._last_chunk = self._open_last()

    def read(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The plaintext from `start`, at most `length` bytes (None: to the end), in pieces of at most 64 KiB."""
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range starts at 0 or later and is not negative")
        end = self.plaintext_bytes if length is None else min(start + length, self.plaintext_bytes)
        return self._pieces(start, end)

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        if start >= end:
            return
        first, final = start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES
        for counter, chunk in zip(range(first, final + 1), self._chunks_between(first, final), strict=True):
            begins = counter * CHUNK_BYTES
            yield chunk[max(start - begins, 0) : end - begins]

    def _chunks_between(self, first: int, final: int) -> Iterator[bytes]:
        stop = min(final, self._chunks - 2)  # the last chunk is already open
        if first <= stop:
            place, wanted = HEADER_BYTES + first * SEALED_CHUNK_BYTES, (stop - first + 1) * SEALED_CHUNK_BYTES
            got = 0
            for counter, sealed in enumerate(regroup(self._read(place, wanted), SEALED_CHUNK_BYTES), start=first):
                got += len(sealed)
                if got > wanted or len(sealed) < SEALED_CHUNK_BYTES:
                    break
                yield self._open(sealed, counter)
            if got != wanted:
                raise Truncated(f"sealed {self._name} ended {wanted - got} bytes early")
        if final == self._chunks - 1:
            yield self._last_chunk

    def _exactly(self, start: int, length: int) -> bytes:
        content = b"".join(self._read(start, length))
        if len(content) != length:
            raise Truncated(f"sealed {self._name} ended {length - len(content)} bytes early")
        return content

    def _open(self, sealed: bytes, counter: int) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(self._prefix, counter, last=False), sealed, self._context)
        except InvalidTag:
            raise Tampered(f"chunk {counter} of sealed {self._name} does not open") from None

    def _open_last(self) -> bytes:
        counter = self._chunks - 1
        place = HEADER_BYTES + counter * SEALED_CHUNK_BYTES
        sealed = self._exactly(place, self.plaintext_bytes - counter * CHUNK_BYTES + TAG_BYTES)
        context = _end_context(self._context, self._chunks, self.plaintext_bytes)
        try:
            return self._cipher.decrypt(_nonce(self._prefix, counter, last=True), sealed, context)
        except InvalidTag:
            pass
        try:
            self._open(sealed, counter)
        except Tampered:
            raise Tampered(f"the last chunk of sealed {self._name} does not open") from None
        raise Truncated(f"sealed {self._name} ends after chunk {counter}, which is not its last")
