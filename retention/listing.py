"""What may be asked of the lists of proof: holds, purges, certificates, the audit log."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy, pgettext_lazy

from accounts import lists
from ground.inventory.declarations import ScopeKind
from ground.inventory.models import Nature
from retention import words
from retention.models import Certificate, Moment, PurgeLine, PurgeRun, RunState, Statement
from retention.services import setaside

_SLACK = timedelta(days=1)  # ids and moments are made a transaction apart
_RUN_STATES = (
    (RunState.WAITING, _("waits for approval")),
    (RunState.RUNNING, pgettext_lazy("purge", "running")),
    (RunState.FAILED, pgettext_lazy("purge", "failed")),
    (RunState.DONE, pgettext_lazy("purge", "done")),
    ("aside", _("with records set aside")),
)
_SCOPES = (
    (ScopeKind.CALL, _("one call")),
    (ScopeKind.CONTACT, _("one person")),
    (ScopeKind.AGENT, _("an agent")),
    (ScopeKind.PERIOD, _("a stretch of time")),
)

# Holds are placed by hand: their lists stay short enough to be sorted without an index of its own.
HOLDS = lists.Declaration(
    named=lists.Named(
        rows=_("Holds"),
        ask=_("Filter holds"),
        count=ngettext_lazy("%(n)s hold", "%(n)s holds", "counter"),
        csv="retention:holds_csv",
    ),
    sorts=(
        lists.Sort("placed", _("Placed"), "placed_at"),
        lists.Sort("review", _("Review"), "review_on", "day"),
    ),
    filters=(
        lists.choice("scope", _("What must stay"), _SCOPES, column="scope_kind", any_words=_("anything")),
        lists.choice(
            "nature",
            _("Kind"),
            ((Nature.HOLD, _("legal hold")), (Nature.RESTRICTION, _("restriction (Art. 18 GDPR)"))),
            column="nature",
            any_words=_("any kind"),
        ),
        lists.choice(
            "review",
            _("Review"),
            (("over", _("is due")), ("ahead", _("lies ahead"))),
            where=lambda value: _review(value),
            any_words=_("whenever"),
        ),
    ),
    size=20,
    tab=("released", ("1",)),
)


def runs(organization_id: UUID, categories: Iterable[str]) -> lists.Declaration:
    """Purges; a sweep leaves a row only when it destroyed something, so records may be sorted without an index."""
    return lists.Declaration(
        named=lists.Named(
            rows=_("Purges"),
            ask=_("Filter purges"),
            count=ngettext_lazy("%(n)s purge", "%(n)s purges", "counter"),
            csv="retention:purges_csv",
        ),
        sorts=(
            lists.Sort("began", _("Began"), "started_at"),
            lists.Sort("records", _("Records"), "rows", "number"),
        ),
        filters=(
            lists.choice("state", _("State"), _RUN_STATES, where=_run_state, any_words=_("any state")),
            lists.choice(
                "category",
                _("Category"),
                [(key, words.category(key)) for key in categories],
                where=lambda category: Exists(
                    PurgeLine.objects.filter(organization_id=organization_id, run_id=OuterRef("id"), category=category)
                ),
                any_words=_("any category"),
            ),
            lists.since(_("From"), "started_at"),
            lists.until(_("To"), "started_at"),
        ),
    )


def certificates(organization_id: UUID) -> lists.Declaration:
    """Certificates, by number: each run has one, numbers have no gaps."""
    return lists.Declaration(
        named=lists.Named(
            rows=_("Certificates"),
            ask=_("Filter certificates"),
            count=ngettext_lazy("%(n)s certificate", "%(n)s certificates", "counter"),
            csv="retention:certificates_csv",
        ),
        sorts=(lists.Sort("number", _("Number"), "number", "number"),),
        filters=(
            lists.choice(
                "moment",
                _("Proves"),
                [(each, words.MOMENTS[each]) for each in Moment],
                where=lambda moment: Exists(
                    Statement.objects.filter(
                        organization_id=organization_id, certificate_id=OuterRef("id"), moment=moment
                    )
                ),
                any_words=_("anything"),
            ),
            lists.since(_("From"), "issued_at"),
            lists.until(_("To"), "issued_at"),
        ),
    )


def with_figures(organization_id: UUID) -> Any:
    """All certificates, each with what its run destroyed."""
    run = PurgeRun.objects.filter(organization_id=organization_id, id=OuterRef("run_id"))
    return Certificate.objects.filter(organization_id=organization_id).annotate(
        **{name: Subquery(run.values(name)[:1]) for name in ("rows", "keys", "bytes", "trigger")}
    )


def history(categories: Iterable[str]) -> lists.Declaration:
    """Versions of periods; `categories` to choose among, none where the page is of one. Set by hand, so few enough to
    be sorted without an index of their own."""
    chosen = [(key, words.category(key)) for key in categories]
    category = lists.choice("category", _("Kind of data"), chosen, column="category", any_words=_("any category"))
    return lists.Declaration(
        named=lists.Named(
            rows=_("Versions"),
            ask=_("Filter versions"),
            count=ngettext_lazy("%(n)s version", "%(n)s versions", "counter"),
            csv="retention:history_all_csv" if chosen else "retention:history_csv",
            arguments=("slug", "category"),
        ),
        sorts=(
            lists.Sort("set", _("Set"), "set_at"),
            lists.Sort("effect", _("Takes effect"), "effective_at"),
        ),
        filters=(
            *([category] if chosen else []),
            lists.choice(
                "undone",
                _("State"),
                (("no", _("stands")), ("yes", _("undone"))),
                where=lambda value: Q(undone_at__isnull=value == "no"),
            ),
            lists.since(_("From"), "set_at"),
            lists.until(_("To"), "set_at"),
        ),
    )


def aside(organization_id: UUID, categories: Iterable[str]) -> lists.Declaration:
    """Records set aside, by their alerts; the longest set aside comes first."""
    return lists.Declaration(
        named=lists.Named(
            rows=_("Set aside"),
            ask=_("Filter records set aside"),
            count=ngettext_lazy("%(n)s record", "%(n)s records", "counter"),
            csv="retention:set_aside_csv",
        ),
        sorts=(
            lists.Sort("since", _("Since"), "raised_at"),
            lists.Sort("tries", _("Tries"), "count", "number"),
        ),
        filters=(
            lists.choice(
                "category",
                _("Category"),
                [(key, words.category(key)) for key in categories],
                where=lambda category: setaside.of_category(organization_id, category),
                any_words=_("any category"),
            ),
            lists.since(_("From"), "raised_at"),
            lists.until(_("To"), "raised_at"),
        ),
        rising=True,
    )


def log(actors: Iterable[tuple[str, Any]]) -> lists.Declaration:
    """Audit events. An actor is an id, never a name."""
    return lists.Declaration(
        named=lists.Named(
            rows=_("Events"),
            ask=_("Filter events"),
            count=ngettext_lazy("%(n)s event", "%(n)s events", "counter"),
            csv="audit:export",
        ),
        sorts=(lists.Sort("when", _("When"), kind="id"),),
        filters=(
            lists.choice(
                "stream",
                _("Log"),
                (("evidence", _("decisions and destructions")), ("access", _("who looked at what"))),
                column="stream",
                any_words=_("both"),
            ),
            lists.choice("actor", _("Who"), actors, where=_actor, any_words=_("anybody")),
            lists.since(_("From"), where=_since),
            lists.until(_("To"), where=_until),
            lists.Code(name="kind", label=_("Kind"), where=lambda kind: Q(kind__startswith=kind), hint="retention"),
            lists.Id(name="about", label=_("About"), where=lambda value: Q(object_id=str(value))),
        ),
    )


def _review(value: str) -> Q:
    today = timezone.localdate()
    return Q(review_on__lte=today) if value == "over" else Q(review_on__gt=today)


def _run_state(value: str) -> Q:
    return Q(set_aside__gt=0) if value == "aside" else Q(state=value)


def _actor(value: str) -> Q:
    kind, _colon, identifier = value.partition(":")
    return Q(actor_kind=kind, actor_id=identifier) if identifier else Q(actor_kind=kind)


def _since(moment: datetime) -> Q:
    return Q(id__gte=_first_id(moment - _SLACK), occurred_at__gte=moment)


def _until(moment: datetime) -> Q:
    return Q(id__lt=_first_id(moment + _SLACK), occurred_at__lt=moment)


def _first_id(moment: datetime) -> UUID:
    """The smallest id of version 7 that can have been made at this moment (RFC 9562, section 5.7)."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
