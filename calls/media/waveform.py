"""Peaks of a WAV recording, measured while it passes through: what the player draws. Other formats give none.

Understood: PCM of 8, 16, 24 and 32 bits, and the A-law and µ-law of telephony. One piece is in memory at a time.
"""

import array
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

PEAKS = 400
_LARGEST_HEADER = 1024 * 1024
_PCM, _ALAW, _MULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE


@dataclass(frozen=True, slots=True)
class Waveform:
    """`peaks`: at most 400 numbers from 0 (silence) to 255, evenly over the length."""

    duration_ms: int
    peaks: bytes


@dataclass(frozen=True, slots=True)
class _Format:
    coding: int
    channels: int
    rate: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


class WaveformReader:
    """Give it the recording's bytes in order; `result()` afterwards. Never raises for what the bytes hold."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._format: _Format | None = None
        self._left: int | None = None  # bytes of sound still to come; None while still in the header
        self._rest = b""
        self._blocks = bytearray()
        self._frames = 0
        self._failed = False

    def watch(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces, measured as they pass."""
        for piece in pieces:
            self.feed(piece)
            yield piece

    def feed(self, piece: bytes) -> None:
        if self._failed:
            return
        if self._left is None:
            self._header += piece
            piece = self._parse_header()
        if piece and self._left:
            piece = piece[: self._left]
            self._left -= len(piece)
            self._measure(piece)

    def result(self) -> Waveform | None:
        """The waveform, or None when this is no WAV we can measure."""
        if self._failed or self._format is None or not self._frames:
            return None
        duration = self._frames * 1000 // self._format.rate
        return Waveform(duration, _spread(bytes(self._blocks), PEAKS))

    def _parse_header(self) -> bytes:
        header = self._header
        if len(header) >= 12 and (header[:4] != b"RIFF" or header[8:12] != b"WAVE"):
            self._failed = True
            return b""
        place = 12
        while len(header) >= place + 8:
            name, size = bytes(header[place : place + 4]), int.from_bytes(header[place + 4 : place + 8], "little")
            body = place + 8
            if name == b"data":
                self._left = size
                self._failed = self._format is None
                return b"" if self._failed else bytes(header[body:])
            if len(header) < body + size:
                break
            if name == b"fmt ":
                self._format = _format(bytes(header[body : body + size]))
                if self._format is None:
                    self._failed = True
                    return b""
            place = body + size + (size & 1)
        self._failed = len(header) > _LARGEST_HEADER
        return b""

    def _measure(self, piece: bytes) -> None:
        form = self._format
        assert form is not None
        block = form.rate // 50 * form.frame_bytes  # a peak for every 20 ms, thinned out at the end
        content = self._rest + piece
        whole = len(content) - len(content) % form.frame_bytes
        start = 0
        while start + block <= whole or (self._left == 0 and start < whole):
            part = content[start : min(start + block, whole)]
            self._blocks.append(_loudest(part, form))
            self._frames += len(part) // form.frame_bytes
            start += len(part)
        self._rest = content[start:]


def _format(body: bytes) -> _Format | None:
    if len(body) < 16:
        return None
    coding = int.from_bytes(body[0:2], "little")
    channels, rate = int.from_bytes(body[2:4], "little"), int.from_bytes(body[4:8], "little")
    bits = int.from_bytes(body[14:16], "little")
    if coding == _EXTENSIBLE and len(body) >= 26:
        coding = int.from_bytes(body[24:26], "little")
    known = (coding == _PCM and bits in (8, 16, 24, 32)) or (coding in (_ALAW, _MULAW) and bits == 8)
    if not known or not 1 <= channels <= 8 or not 1_000 <= rate <= 384_000:
        return None
    return _Format(coding, channels, rate, bits)


def _loudest(part: bytes, form: _Format) -> int:
    """The loudest sample of these, 0 to 255."""
    if form.coding in (_ALAW, _MULAW):
        return max(part.translate(_loudness(form.coding)))
    if form.bits == 8:
        return min(255, 2 * max(max(part) - 128, 128 - min(part)))
    if form.bits == 16:
        samples = array.array("h", part)
        if sys.byteorder == "big":
            samples.byteswap()
        return min(255, max(max(samples), -min(samples)) >> 7)
    high = array.array("b", part[form.bits // 8 - 1 :: form.bits // 8])  # the top byte says enough for a picture
    return min(255, 2 * max(max(high), -min(high)))


@cache
def _loudness(coding: int) -> bytes:
    """By code, for `bytes.translate`."""
    return bytes((_alaw if coding == _ALAW else _mulaw)(code) for code in range(256))


def _mulaw(code: int) -> int:
    """Loudness 0 to 255 of a µ-law code (ITU-T G.711)."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 0b111)) - 0x84
    return min(255, magnitude >> 7)


def _alaw(code: int) -> int:
    """Loudness 0 to 255 of an A-law code (ITU-T G.711)."""
    code ^= 0x55
    exponent, mantissa = code >> 4 & 0b111, code & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return min(255, magnitude >> 7)


def _spread(blocks: bytes, wanted: int) -> bytes:
    """`blocks` as at most `wanted` values: the loudest of each stretch."""
    if len(blocks) <= wanted:
        return blocks
    edges = [place * len(blocks) // wanted for place in range(wanted + 1)]
    return bytes(max(blocks[left:right]) for left, right in pairwise(edges))
