"""Playing a recording: any byte range, opened chunk by chunk, without the database once the key is open."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from calls import looks, sealing
from calls.exceptions import NoSuchPart, RangeNotSatisfiable
from calls.models import Recording
from ground import vault
from ground.tenancy import Actor, acting_for

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`start` and `length` within `total` bytes. `partial`: a range was asked for (answer 206)."""

    start: int
    length: int
    total: int
    partial: bool

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.total}"


@dataclass(frozen=True, slots=True)
class Sound:
    """An opened recording, or a range of it. `pieces` is consumed once."""

    recording: Recording
    range: ByteRange
    pieces: Iterator[bytes]


def recording_of(organization_id: UUID, call_id: UUID) -> Recording:
    """The recording to play: the whole call before single sides. Raises NoSuchPart. Needs the context."""
    rows = list(Recording.objects.filter(organization_id=organization_id, call_id=call_id))
    if not rows:
        raise NoSuchPart("recording")
    order = {"mono": 0, "stereo": 1}
    return min(rows, key=lambda row: order.get(row.kind, 2))


def asked_range(header: str | None, total: int) -> ByteRange:
    """The range of a Range header (RFC 9110, section 14.2). Several ranges, or another unit: the whole, as allowed.

    Raises RangeNotSatisfiable (416).
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return ByteRange(0, total, total, partial=False)
    first, last = match.groups()
    if not first:
        length = min(int(last), total)
        if not length:
            raise RangeNotSatisfiable(total)
        return ByteRange(total - length, length, total, partial=True)
    start, end = int(first), min(int(last), total - 1) if last else total - 1
    if last and int(last) < start:
        return ByteRange(0, total, total, partial=False)
    if start >= total:
        raise RangeNotSatisfiable(total)
    return ByteRange(start, end - start + 1, total, partial=True)


def open(*, organization_id: UUID, call_id: UUID, range_header: str | None, by: Actor, head: bool = False) -> Sound:
    """Open a call's recording for playing; every listen is an access event.

    Raises NoSuchPart, RangeNotSatisfiable, VaultError. The object's end is verified before the first byte.
    """
    with acting_for(organization_id):
        recording = recording_of(organization_id, call_id)
    wanted = asked_range(range_header, recording.plain_bytes)
    if head:
        return Sound(recording, wanted, iter(()))
    key = vault.keys.open_one(organization_id, recording.key_id)
    reader = vault.objects.open_sealed(key, recording.object_name, stored_bytes=recording.stored_bytes)
    looks.note(
        "calls.listened",
        organization_id=organization_id,
        object_type="recording",
        object_id=recording.id,
        call_id=call_id,
        by=by,
        once_in=looks.LISTEN_SECONDS,
    )
    return Sound(recording, wanted, reader.read(wanted.start, wanted.length))


def peaks(organization_id: UUID, recording: Recording) -> list[int]:
    """What the player draws: at most 400 numbers from 0 to 255; empty when the format gives none."""
    if recording.sealed_peaks is None:
        return []
    return list(sealing.open_peaks(vault.keys.open_one(organization_id, recording.key_id), recording))
