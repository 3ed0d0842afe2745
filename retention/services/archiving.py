"""All certificates of some days in one ZIP, written while it is read: memory stays small however many there are.

Each file is the one the certificate's page offers; the published keys lie beside them, so that the archive can be
checked offline by itself. Its entries carry the moment of issue, so the same certificates give the same bytes.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from ground import vault
from ground.tenancy import acting_for
from retention.models import Certificate
from retention.services import certificates

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MOST = 10_000
_STEP = 50
_README = """Certificates of destruction, one JSON file each, and the public keys that verify them.

Check each of them offline:

    manage.py verify_certificate certificate-1.json --public-key signing-keys.json
"""


class _Pipe(io.RawIOBase):
    """What the ZIP writer has written since it was last emptied. Not seekable, as a response is not."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: "ReadableBuffer", /) -> int:
        self._pieces.append(bytes(piece))
        return len(self._pieces[-1])

    def take(self) -> bytes:
        """Everything written since the last call."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def count(organization_id: UUID, since: datetime, until: datetime) -> int:
    """How many certificates were issued from `since` up to `until`, counted up to one more than `MOST`."""
    found = Certificate.objects.filter(organization_id=organization_id, issued_at__gte=since, issued_at__lt=until)
    return len(found.values_list("id", flat=True)[: MOST + 1])


def archive(organization_id: UUID, since: datetime, until: datetime) -> Iterator[bytes]:
    """The pieces of the archive, by number; each step reads in a transaction of its own."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as target:
        _add(target, "README.txt", _README.encode(), since)
        keys = [key.to_dict() for key in vault.signing.public_keys()]
        _add(target, "signing-keys.json", json.dumps({"keys": keys}, indent=1).encode(), since)
        for certificate, content in _files(organization_id, since, until):
            _add(target, f"certificate-{certificate.number}.json", content, certificate.issued_at)
            yield pipe.take()
    yield pipe.take()


def _files(organization_id: UUID, since: datetime, until: datetime) -> Iterator[tuple[Certificate, bytes]]:
    last, written = 0, 0
    while written < MOST:
        with acting_for(organization_id):
            rows = Certificate.objects.filter(
                organization_id=organization_id, issued_at__gte=since, issued_at__lt=until, number__gt=last
            ).order_by("number")
            step = [(row, certificates.bundle(row)) for row in rows[: min(_STEP, MOST - written)]]
        yield from step
        if len(step) < _STEP:
            return
        last, written = step[-1][0].number, written + len(step)


def _add(target: zipfile.ZipFile, name: str, content: bytes, at: datetime) -> None:
    entry = zipfile.ZipInfo(name, at.astimezone(UTC).timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    target.writestr(entry, content)
