"""What the staff site shows of tenant tables: figures in place of rows, and the headlines of its first page.

Tables behind the wall cannot be listed without an organization, and must not be. An app registers its model with a
`FiguresAdmin` whose `figures` come from a named crossing, and adds `headline`s for the first page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise

from accounts.generics import ModelAdmin

Text = str | Promise
HeadlineState = Literal["", "ok", "due", "overdue"]


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure of the staff site's first page; `view` is the name of the page behind it."""

    label: Text
    value: Text
    note: Text = ""
    state: HeadlineState = ""
    view: str = ""

    @property
    def href(self) -> str:
        return reverse(self.view) if self.view else ""


_headlines: list[tuple[int, Callable[[], list[Headline]]]] = []


def headline(order: int) -> Callable[[Callable[[], list[Headline]]], Callable[[], list[Headline]]]:
    """Register a function that answers with figures for the first page, lowest order first."""

    def register(function: Callable[[], list[Headline]]) -> Callable[[], list[Headline]]:
        _headlines.append((order, function))
        _headlines.sort(key=lambda entry: entry[0])
        return function

    return register


def headlines() -> list[Headline]:
    return [each for _order, function in _headlines for each in function()]


@dataclass(frozen=True, slots=True)
class Table:
    """Figures: the first column heads its row, the others stand at the right."""

    caption: Text
    columns: Sequence[Text]
    rows: Sequence[Sequence[Any]]


class FiguresAdmin(ModelAdmin):
    """A table of figures in place of the list; no row can be opened, added, changed or removed by anybody."""

    figures: Callable[[], Table]  # each page its own

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "table": self.figures(),
        }
        return TemplateResponse(request, "accounts/staff_figures.html", context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        raise Http404

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise Http404

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise Http404

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True  # the site's own gate decides who comes here at all

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
