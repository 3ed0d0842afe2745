"""A Vapi account on loopback, with the list of its calls."""

from datetime import UTC, datetime, timedelta

from tests.calls.samples import encoded, iso, vapi_report
from tests.calls.stub import Answer

ID = "7e2f6f7c-0000-4000-8000-0000000000{:02d}"


class Account:
    """The calls of one Vapi account, listed as its interface lists them: newest first, at most `limit`."""

    def __init__(self, stub):
        self.calls, self.windows, self.refusals = {}, [], []
        stub.on_query("/call", self.answer)

    def add(self, number, *, updated_at=None, status="ended", **message):
        now = updated_at or datetime.now(UTC) - timedelta(minutes=1)
        told = vapi_report(now, call_id=ID.format(number), **message)["message"]
        call = {**told["call"], **{name: told[name] for name in ("startedAt", "endedAt", "endedReason", "cost")}}
        call.update({name: told[name] for name in ("customer", "phoneNumber", "analysis", "artifact")})
        call.update(status=status, updatedAt=iso(now))
        self.calls[call["id"]] = call
        return call

    def answer(self, asked):
        if self.refusals:
            return self.refusals.pop(0)
        after, until = (datetime.fromisoformat(asked[name]) for name in ("updatedAtGt", "updatedAtLe"))
        self.windows.append((after, until))
        found = [each for each in self.calls.values() if after < datetime.fromisoformat(each["updatedAt"]) <= until]
        found.sort(key=lambda each: each["updatedAt"], reverse=True)
        return Answer(200, encoded(found[: int(asked["limit"])]))
