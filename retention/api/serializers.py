"""What goes in and out of the retention API."""

from typing import Any

from rest_framework import serializers

from accounts.api.fields import Text, Whole
from ground.inventory.declarations import ScopeKind
from ground.inventory.models import Hold, Nature
from ground.profiles import Category, Period, Unit
from retention.models import Certificate, Moment, PeriodVersion, PurgeLine, PurgeRun, RunState, Statement
from retention.services.settings import Preview
from retention.table import Row

CATEGORIES = [category.value for category in Category]
UNITS = [unit.value for unit in Unit]


class PeriodField(serializers.Serializer[Any]):
    n = serializers.IntegerField(min_value=0)
    unit = serializers.ChoiceField(choices=UNITS)


class VersionOutput(serializers.Serializer[Any]):
    """One version of an organization's period. `undone_at`: taken back inside its grace window."""

    version = serializers.IntegerField()
    period = PeriodField(allow_null=True)
    reason = serializers.CharField()
    set_by = serializers.CharField(help_text="kind:id of the actor")
    set_at = serializers.DateTimeField()
    effective_at = serializers.DateTimeField()
    confirmed_records = serializers.IntegerField()
    undone_at = serializers.DateTimeField(allow_null=True)
    undone_by = serializers.CharField()


class CategoryOutput(serializers.Serializer[Any]):
    """One category. `period` null: nothing of it is purged, because none is given or the stored one is damaged."""

    category = serializers.ChoiceField(choices=CATEGORIES)
    period = PeriodField(allow_null=True)
    origin = serializers.CharField(help_text="organization, operator decision, profile, or empty")
    changed_by = serializers.ChoiceField(choices=["organization", "operator", "law"])
    clock = serializers.CharField(help_text="what the period counts from")
    minimum = PeriodField(allow_null=True)
    maximum = PeriodField(allow_null=True)
    bounds_source = serializers.CharField(help_text="promise ids, or: operator default")
    unstated = serializers.BooleanField(help_text="the operator's text gives no period")
    demo_decision = serializers.BooleanField()
    damaged = serializers.BooleanField()
    waiting = VersionOutput(allow_null=True)
    records = serializers.IntegerField()
    bytes = serializers.IntegerField()
    held = serializers.IntegerField()


class CategoryDetail(CategoryOutput):
    versions = VersionOutput(many=True)


class CategoryList(serializers.Serializer[Any]):
    results = CategoryOutput(many=True)


class PeriodInput(serializers.Serializer[Any]):
    n = Whole(min_value=1, max_value=40_000)
    unit = serializers.ChoiceField(choices=UNITS)


class PreviewOutput(serializers.Serializer[Any]):
    """Exactly what leaves when the change takes effect. Send `records` and `counted_at` back to confirm."""

    category = serializers.ChoiceField(choices=CATEGORIES)
    before = PeriodField(allow_null=True)
    after = PeriodField()
    shortens = serializers.BooleanField()
    records = serializers.IntegerField()
    bytes = serializers.IntegerField()
    held = serializers.IntegerField()
    total = serializers.IntegerField()
    effective_at = serializers.DateTimeField()
    counted_at = serializers.DateTimeField()


class ChangeInput(PeriodInput):
    confirmed_records = Whole(min_value=0, required=False)
    counted_at = serializers.DateTimeField(required=False)
    reason = Text(max_length=300, required=False, allow_blank=True, default="")


class KeptOutput(serializers.Serializer[Any]):
    category = serializers.ChoiceField(choices=CATEGORIES)
    records = serializers.IntegerField()
    past_period = serializers.IntegerField()


class HoldOutput(serializers.Serializer[Any]):
    """A hold without its sealed reason. A person is never named; `contact_id` only where one was chosen."""

    id = serializers.UUIDField()
    nature = serializers.ChoiceField(choices=Nature.choices)
    scope = serializers.ChoiceField(choices=[kind.value for kind in ScopeKind])
    call_id = serializers.UUIDField(allow_null=True)
    agent_id = serializers.UUIDField(allow_null=True)
    contact_id = serializers.UUIDField(allow_null=True)
    start = serializers.DateTimeField(allow_null=True)
    end = serializers.DateTimeField(allow_null=True)
    review_on = serializers.DateField()
    placed_at = serializers.DateTimeField()
    placed_by = serializers.CharField()
    released_at = serializers.DateTimeField(allow_null=True)
    released_by = serializers.CharField()


class HoldDetail(HoldOutput):
    keeps = KeptOutput(many=True)


class HoldPage(serializers.Serializer[Any]):
    results = HoldOutput(many=True)
    next = serializers.CharField(allow_null=True)


class HoldInput(serializers.Serializer[Any]):
    """One scope: `call_id`, `agent_id`, `contact_id`, `identifier` (of a person), or `start` and `end`."""

    call_id = serializers.UUIDField(required=False)
    agent_id = serializers.UUIDField(required=False)
    contact_id = serializers.UUIDField(required=False)
    identifier_kind = serializers.ChoiceField(choices=["phone", "email", "external_id"], required=False)
    identifier = Text(max_length=254, required=False, write_only=True)
    start = serializers.DateTimeField(required=False, help_text="inclusive")
    end = serializers.DateTimeField(required=False, help_text="exclusive")
    reason = Text(max_length=2000, write_only=True)
    review_on = serializers.DateField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("call_id", "agent_id", "contact_id", "identifier", "start") if attrs.get(name)]
        if len(given) != 1:
            raise serializers.ValidationError("Name exactly one scope.", code="scope")
        if "identifier" in given and "identifier_kind" not in attrs:
            raise serializers.ValidationError({"identifier_kind": "Say what kind of identifier it is."})
        if "start" in given and not (attrs.get("end") and attrs["start"] < attrs["end"]):
            raise serializers.ValidationError({"end": "The end lies after the start."})
        return attrs


class LineOutput(serializers.Serializer[Any]):
    category = serializers.ChoiceField(choices=CATEGORIES)
    period = serializers.CharField()
    origin = serializers.CharField()
    due = serializers.IntegerField()
    records = serializers.IntegerField()
    keys = serializers.IntegerField()
    objects = serializers.IntegerField()
    bytes = serializers.IntegerField()
    held = serializers.IntegerField()
    set_aside = serializers.IntegerField()
    state = serializers.ChoiceField(choices=RunState.choices)
    error = serializers.CharField()


class RunOutput(serializers.Serializer[Any]):
    """One purge. `certificate_id`: its proof, once something was destroyed."""

    id = serializers.UUIDField()
    trigger = serializers.CharField()
    by = serializers.CharField()
    state = serializers.ChoiceField(choices=RunState.choices)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    records = serializers.IntegerField()
    keys = serializers.IntegerField()
    objects = serializers.IntegerField()
    bytes = serializers.IntegerField()
    held = serializers.IntegerField()
    set_aside = serializers.IntegerField()
    certificate_id = serializers.UUIDField(allow_null=True)


class RunDetail(RunOutput):
    lines = LineOutput(many=True)


class RunPage(serializers.Serializer[Any]):
    results = RunOutput(many=True)
    next = serializers.CharField(allow_null=True)


class StatementOutput(serializers.Serializer[Any]):
    moment = serializers.ChoiceField(choices=Moment.choices)
    happened_at = serializers.DateTimeField()
    issued_at = serializers.DateTimeField()
    key_id = serializers.CharField()
    sha256 = serializers.CharField()


class CertificateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    run_id = serializers.UUIDField()
    issued_at = serializers.DateTimeField()


class CertificateDetail(CertificateOutput):
    statements = StatementOutput(many=True)


class CertificatePage(serializers.Serializer[Any]):
    results = CertificateOutput(many=True)
    next = serializers.CharField(allow_null=True)


_HOLD = (
    "id",
    "nature",
    "call_id",
    "agent_id",
    "contact_id",
    "start",
    "end",
    "review_on",
    "placed_at",
    "placed_by",
    "released_at",
    "released_by",
)


def period(length: Period | None) -> dict[str, Any] | None:
    return None if length is None else {"n": length.n, "unit": str(length.unit)}


def version(row: PeriodVersion) -> dict[str, Any]:
    """A version as the API shows it; a damaged one has no period."""
    try:
        length = row.period
    except ValueError:
        length = None
    return {
        "version": row.version,
        "period": period(length),
        "reason": row.reason,
        "set_by": row.set_by,
        "set_at": row.set_at,
        "effective_at": row.effective_at,
        "confirmed_records": row.preview_rows,
        "undone_at": row.undone_at,
        "undone_by": row.undone_by,
    }


def category(row: Row) -> dict[str, Any]:
    return {
        "category": str(row.category),
        "period": period(row.period),
        "origin": row.origin,
        "changed_by": str(row.rule.changed_by),
        "clock": str(row.rule.clock),
        "minimum": period(row.rule.minimum),
        "maximum": period(row.rule.maximum),
        "bounds_source": str(row.rule.bounds_source or ""),
        "unstated": row.gap,
        "demo_decision": bool(row.decision and row.decision.is_demo),
        "damaged": row.damaged,
        "waiting": version(row.waiting) if row.waiting else None,
        "records": row.rows,
        "bytes": row.bytes,
        "held": row.held,
    }


def preview(seen: Preview) -> dict[str, Any]:
    return {
        "category": str(seen.category),
        "before": period(seen.before),
        "after": period(seen.after),
        "shortens": seen.shortens,
        "records": seen.rows,
        "bytes": seen.bytes,
        "held": seen.held,
        "total": seen.total,
        "effective_at": seen.effective_at,
        "counted_at": seen.counted_at,
    }


def hold(row: Hold) -> dict[str, Any]:
    """A hold as the API shows it: nothing of the sealed reason, no digests."""
    return {"scope": row.scope_kind, **{name: getattr(row, name) for name in _HOLD}}


def line(row: PurgeLine) -> dict[str, Any]:
    names = ["category", "period", "origin", "due", "keys", "bytes", "set_aside", "state", "error"]
    plain = {name: getattr(row, name) for name in names}
    return {**plain, "records": row.rows, "objects": row.objects_total, "held": row.kept}


def run(row: PurgeRun, certificate: Certificate | None) -> dict[str, Any]:
    names = ["id", "trigger", "by", "state", "started_at", "finished_at", "keys", "bytes", "set_aside"]
    return {
        **{name: getattr(row, name) for name in names},
        "records": row.rows,
        "objects": row.objects_total,
        "held": row.kept,
        "certificate_id": certificate.pk if certificate else None,
    }


def certificate(row: Certificate) -> dict[str, Any]:
    return {"id": row.pk, "number": row.number, "run_id": row.run_id, "issued_at": row.issued_at}


def statement(row: Statement, digest: str) -> dict[str, Any]:
    return {
        "moment": row.moment,
        "happened_at": row.happened_at,
        "issued_at": row.issued_at,
        "key_id": row.signing_key_id,
        "sha256": digest,
    }
