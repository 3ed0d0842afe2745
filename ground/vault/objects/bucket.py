"""Objects in an S3 bucket, versioned or not.

Deleting means: no version, no delete marker, no unfinished upload of that name is left, and the server said so for
each name. A name about which the server says nothing is a failure, never "gone". Calls carry up to 1,000 entries.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ground.vault.aws import error_code, is_missing, named_outage
from ground.vault.exceptions import ObjectMissing, ObjectStoreDown
from ground.vault.objects.protocol import PIECE_BYTES, DeleteOutcome, ObjectName, StoredObject, checked_prefix
from ground.vault.stream import regroup

PART_BYTES = 5 * 1024 * 1024  # the least that S3 takes: a stream holds one part, and the next while it is put together
NAMES_PER_CALL = 1_000
_NEIGHBOUR_PAGES = 5
_ALREADY_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload"}


class BucketObjects:
    """An ObjectStore in a bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self.bucket = bucket
        with self._outage("opening"):
            self._versioned = bool(client.get_bucket_versioning(Bucket=bucket).get("Status"))

    def describe(self) -> str:
        return f"bucket {self.bucket} ({'versioned' if self._versioned else 'not versioned'})"

    # -------------------------------------------------------------- writing
    def put(self, name: str, pieces: Iterable[bytes]) -> int:
        ObjectName.parse(name)
        parts = regroup(pieces, PART_BYTES)
        held = [next(parts, b"")]
        if len(held[0]) < PART_BYTES:
            with self._outage("writing"):
                self._client.put_object(Bucket=self.bucket, Key=name, Body=held[0])
            return len(held[0])
        return self._put_parts(name, held, parts)

    def _put_parts(self, name: str, held: list[bytes], rest: Iterator[bytes]) -> int:
        """`held`: the first part, taken out, so that nobody keeps it while the next ones are put together."""
        where = {"Bucket": self.bucket, "Key": name}
        with self._outage("starting an upload"):
            upload = self._client.create_multipart_upload(**where)["UploadId"]
        try:
            done: list[dict[str, Any]] = []
            stored = 0
            while held:
                part = held.pop()
                with self._outage("uploading"):
                    answer = self._client.upload_part(**where, UploadId=upload, PartNumber=len(done) + 1, Body=part)
                done.append({"ETag": answer["ETag"], "PartNumber": len(done) + 1})
                stored += len(part)
                del part
                held.extend(islice(rest, 1))
            with self._outage("completing an upload"):
                self._client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": done})
        except BaseException:
            with suppress(ClientError, BotoCoreError):  # else `delete_many` or `abandon_unfinished` finds it
                self._client.abort_multipart_upload(**where, UploadId=upload)
            raise
        return stored

    # -------------------------------------------------------------- reading
    def open(self, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        ObjectName.parse(name)
        if length == 0:
            self.size(name)
            return iter(())
        span = f"bytes={start}-{'' if length is None else start + length - 1}"
        with self._outage("opening"):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=name, Range=span)
            except ClientError as error:
                if is_missing(error):
                    raise ObjectMissing(f"no object {name}") from None
                if error_code(error) in {"InvalidRange", "416"}:
                    return iter(())
                raise
        return self._pieces(answer["Body"])

    def _pieces(self, body: Any) -> Iterator[bytes]:
        try:
            with self._outage("reading"):
                yield from body.iter_chunks(PIECE_BYTES)
        finally:
            body.close()

    def size(self, name: str) -> int:
        ObjectName.parse(name)
        with self._outage("measuring"):
            try:
                return int(self._client.head_object(Bucket=self.bucket, Key=name)["ContentLength"])
            except ClientError as error:
                if is_missing(error):
                    raise ObjectMissing(f"no object {name}") from None
                raise

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except ObjectMissing:
            return False
        return True

    def absent(self, names: Iterable[str]) -> set[str]:
        """A listing from the first name to the last answers for a thousand at once. What it does not show, because the
        store lists in another order or the names lie far apart, is asked by name: a listing alone proves no loss."""
        by_prefix: dict[str, list[str]] = {}
        for name in sorted(set(names)):
            by_prefix.setdefault(name.rpartition("/")[0] + "/", []).append(name)
        unseen = [
            name
            for prefix, wanted in by_prefix.items()
            for name in sorted(set(wanted).difference(self._listed(prefix, wanted)))
        ]
        return {name for name in unseen if not self.exists(name)}

    def _listed(self, prefix: str, wanted: Sequence[str]) -> Iterator[str]:
        """Names from the first wanted one to the last, in as many pages as they would fill, and some for strangers."""
        first, last = wanted[0], wanted[-1]
        with self._outage("listing"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=checked_prefix(prefix), StartAfter=first[:-1]
            )
            for page in islice(pages, len(wanted) // NAMES_PER_CALL + _NEIGHBOUR_PAGES):
                names = [item["Key"] for item in page.get("Contents", ())]
                yield from names
                if names and names[-1] >= last:
                    return

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        with self._outage("listing"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=checked_prefix(prefix)
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    yield StoredObject(item["Key"], item["Size"])

    # -------------------------------------------------------------- deleting
    def delete_many(self, names: Iterable[str]) -> DeleteOutcome:
        gone: set[str] = set()
        failed: dict[str, str] = {}
        wanted = iter(sorted(set(names)))
        while batch := list(islice(wanted, NAMES_PER_CALL)):
            for name in batch:
                ObjectName.parse(name)
            answered = self._delete_batch(batch)
            failed |= answered
            gone.update(name for name in batch if name not in answered)
        return DeleteOutcome(frozenset(gone), failed)

    def _delete_batch(self, names: Sequence[str]) -> dict[str, str]:
        """The names that are not gone, each with its reason."""
        failed = self._abort_uploads(names)
        entries = [{"Key": name} for name in names]
        if self._versioned:
            entries = [{"Key": name, "VersionId": version} for name, version in self._versions(names)]
        for start in range(0, len(entries), NAMES_PER_CALL):
            failed |= self._delete_entries(entries[start : start + NAMES_PER_CALL])
        return failed

    def _delete_entries(self, entries: Sequence[dict[str, str]]) -> dict[str, str]:
        with self._outage("deleting"):
            answer = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": entries, "Quiet": False})
        said = {(item["Key"], item.get("VersionId")) for item in answer.get("Deleted", ())}
        failed = {
            item["Key"]: item.get("Code", "error")
            for item in answer.get("Errors", ())
            if item.get("Code") not in _ALREADY_GONE
        }
        missing = {item["Key"] for item in answer.get("Errors", ()) if item.get("Code") in _ALREADY_GONE}
        for entry in entries:
            key, version = entry["Key"], entry.get("VersionId")
            answered = (key, version) in said or (version is None and any(name == key for name, _ in said))
            if not answered and key not in missing:
                failed.setdefault(key, "no answer")
        return failed

    def _versions(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Every version and delete marker of these (sorted) names.

        A purge takes neighbours (ids grow with time), so a few pages of their common prefix hold most of them; what
        those pages did not reach is asked for by name.
        """
        wanted = set(names)
        reached = ""
        prefix = _common_beginning(names[0], names[-1])
        for page in islice(self._version_pages(prefix), _NEIGHBOUR_PAGES):
            entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            yield from ((item["Key"], item["VersionId"]) for item in entries if item["Key"] in wanted)
            if not page.get("IsTruncated"):
                return
            reached = page.get("NextKeyMarker", reached)  # this name may go on in the next page, those before do not
            if reached > names[-1]:
                return
        for name in names:
            if name >= reached:
                for page in self._version_pages(name):
                    for item in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                        yield item["Key"], item["VersionId"]

    def _version_pages(self, prefix: str) -> Iterator[dict[str, Any]]:
        with self._outage("listing versions"):
            yield from self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)

    def _abort_uploads(self, names: Sequence[str]) -> dict[str, str]:
        wanted, failed = set(names), {}
        for item in self._uploads(_common_beginning(names[0], names[-1])):
            if item["Key"] in wanted and (reason := self._abort(item)):
                failed[item["Key"]] = reason
        return failed

    def _uploads(self, prefix: str) -> Sequence[dict[str, Any]]:
        found = []
        with self._outage("listing uploads"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                found += page.get("Uploads", ())
        return found

    def _abort(self, item: dict[str, Any]) -> str:
        with self._outage("aborting an upload"):
            try:
                self._client.abort_multipart_upload(Bucket=self.bucket, Key=item["Key"], UploadId=item["UploadId"])
            except ClientError as error:
                return "" if error_code(error) in _ALREADY_GONE else error_code(error)
        return ""

    def abandon_unfinished(self, older_than_seconds: int = 86_400) -> int:
        limit = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
        return sum(not self._abort(item) for item in self._uploads("") if item["Initiated"] <= limit)

    def _outage(self, doing: str) -> Any:
        return named_outage(ObjectStoreDown, f"{doing} bucket {self.bucket}")


def _common_beginning(one: str, other: str) -> str:
    for place, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return one[:place]
    return one[: len(other)]
