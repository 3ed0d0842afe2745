"""A list as CSV: exactly what is filtered, in the order shown, written down before the first line.

Nothing is held while the receiver reads: each batch opens a transaction of its own, in the organization's context. A
view that streams is marked `own_transactions`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.lists.asked import Asked, capped_count
from accounts.lists.keyset import STEP, Order, walk
from ground import audit
from ground.inventory.spreadsheets import csv_lines
from ground.tenancy import Actor, acting_for

MOST_LINES = 100_000  # a spreadsheet still opens it


def csv_rows(
    rows: QuerySet[Any],
    order: Order,
    *,
    organization_id: UUID,
    kind: str,
    by: Actor,
    header: Sequence[str],
    cells: Callable[[Sequence[Any]], Sequence[Sequence[object]]],
    step: int = STEP,
    most: int = MOST_LINES,
    **payload: Any,
) -> Iterator[str]:
    """The lines of the file. `kind`: of the access event, which is committed before this returns; `cells`: the cells of
    a batch of rows, asked inside the organization's context. A list longer than `most` ends with a line saying so."""
    with acting_for(organization_id):
        audit.append(
            kind,
            organization_id=organization_id,
            actor=by,
            stream=audit.ACCESS,
            rows_at_most=min(capped_count(rows), most),
            **payload,
        )
    found = walk(rows, order, organization_id=organization_id, lines=cells, step=min(step, most + 1))
    return csv_lines(header, _limited(found, most))


def _limited(lines: Iterable[Sequence[object]], most: int) -> Iterator[Sequence[object]]:
    found = iter(lines)
    yield from islice(found, most)
    if next(found, None) is not None:
        words = _("The file ends here after %(n)s lines; the list goes on. Narrow it to get the rest.")
        yield [words % {"n": intcomma(most)}]


def csv_file(
    request: HttpRequest,
    asked: Asked,
    rows: QuerySet[Any],
    *,
    page: str,
    name: str,
    organization_id: UUID,
    kind: str,
    by: Actor,
    columns: Sequence[str],
    cells: Callable[[Sequence[Any]], Sequence[Sequence[object]]],
    **payload: Any,
) -> HttpResponseBase:
    """What is filtered of `rows`, as `csv_rows` has it. An address not wholly understood makes no file: it leads
    to `page`, which says what of it was left out."""
    if not asked.is_exact:
        return redirect(f"{page}?{request.GET.urlencode()}")
    lines = csv_rows(
        asked.narrow(rows),
        asked.order,
        organization_id=organization_id,
        kind=kind,
        by=by,
        header=columns,
        cells=cells,
        **payload,
    )
    return csv_answer(lines, name)


def csv_answer(lines: Iterator[str], name: str) -> StreamingHttpResponse:
    """The file to be kept: `name` and today's date; no cache holds it."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localdate().isoformat()}.csv"'
    response["Cache-Control"] = "no-store"
    return response
