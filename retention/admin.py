"""The staff site's view of retention: the operator's decisions, and organizations in figures. Evidence is read-only.

A decision is made, never edited: a new one replaces the old, which stays with the moment it was withdrawn.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.admin import StaffView
from accounts.generics import ModelForm
from accounts.models import Organization
from accounts.staff_figures import FiguresAdmin, Headline, Table, headline
from ground import audit, profiles
from ground.audit.models import Alert
from ground.profiles import Category, NotAPeriod, Period, Unit
from ground.tenancy import Actor, acting_for
from retention import metrics, words
from retention.models import OperatorDecision, PurgeRun
from retention.services import overdue
from retention.services import settings as service
from retention.templatetags.retention import took


class DecisionForm(ModelForm):
    """Only categories without a figure of the operator's own text can be decided."""

    class Meta:
        model = OperatorDecision
        fields = ["category", "n", "unit", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_ones = [key for key, rule in profiles.current().categories.items() if rule.default is None]
        if "category" in self.fields:
            self.fields["category"] = forms.ChoiceField(
                choices=[(str(key), words.category(key)) for key in open_ones], label=_("Category")
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            rule = profiles.current().categories[Category(cleaned["category"])]
            period = Period(cleaned["n"], Unit(cleaned["unit"]))
        except (KeyError, ValueError, NotAPeriod) as error:
            raise forms.ValidationError(_("This is no period.")) from error
        if period.n == 0 or not rule.allows(period):
            raise forms.ValidationError(
                _("It must be kept %(bounds)s.") % {"bounds": words.bounds(rule) or _("longer, by law")}
            )
        return cleaned


@admin.register(OperatorDecision)
class OperatorDecisionAdmin(StaffView):
    form = DecisionForm
    list_display = ["category", "n", "unit", "reason", "decided_at", "withdrawn_at", "is_demo"]
    list_filter = ["category", "is_demo"]
    search_fields = ["category", "reason"]
    search_help_text = _("Category or reason")
    ordering = ["-decided_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(
            request.user.is_active and request.user.is_staff and request.user.has_perm("retention.add_operatordecision")
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the audit event says it."""

    def save_model(self, request: HttpRequest, obj: OperatorDecision, form: Any, change: bool) -> None:
        by = Actor.staff(str(request.user.pk))
        made = service.decide(
            category=obj.category, period=obj.period, reason=obj.reason, by=by, at=timezone.now(), is_demo=False
        )
        obj.pk = made.pk
        operator = Organization.objects.filter(is_operator=True).first()
        if operator is not None:
            with acting_for(operator.pk):
                audit.append(
                    "retention.period_decided",
                    organization_id=operator.pk,
                    actor=by,
                    object_type="operator_decision",
                    object_id=made.pk,
                    category=made.category,
                    n=made.n,
                    unit=made.unit,
                )

    def get_urls(self) -> list[Any]:
        figures = path("figures/", self.admin_site.admin_view(self.figures), name="retention_figures")
        return [figures, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        gaps = [
            words.category(key)
            for key, rule in profiles.current().categories.items()
            if rule.default is None
            and not OperatorDecision.objects.filter(category=key, withdrawn_at__isnull=True).exists()
        ]
        return super().changelist_view(request, {**(extra_context or {}), "gaps": gaps})

    change_list_template = "retention/admin_decisions.html"

    def figures(self, request: HttpRequest) -> HttpResponse:
        return _purges(self.admin_site, request)


def _purges(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """Purges, certificates and reconciliations of every organization: counts and moments, no content."""
    names = dict(Organization.objects.values_list("id", "name"))
    rows = [
        {"name": names.get(row.organization_id, ""), "row": row, "overdue": overdue.shown(row.overdue_seconds)}
        for row in metrics.by_organization()
    ]
    rows.sort(key=lambda shown: str(shown["name"]).casefold())
    context = {**site.each_context(request), "title": _("Purges in figures"), "rows": rows}
    return TemplateResponse(request, "retention/admin_figures.html", context)


@admin.register(PurgeRun)
class PurgeRunAdmin(FiguresAdmin):
    """Purges by organization, in figures: the page that the operator's decisions link to."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return _purges(self.admin_site, request)


@admin.register(Alert)
class AlertAdmin(FiguresAdmin):
    """How many alerts of each kind are open; whom they concern stands on the organizations' own pages."""

    def figures(self) -> Table:
        return Table(
            _("Open alerts by kind, over all organizations"), [_("Kind"), pgettext("alerts", "Open")], _alerts()
        )


def _alerts() -> list[tuple[str, int]]:
    return sorted(metrics.open_alerts().items(), key=lambda entry: (-entry[1], entry[0]))


@headline(20)
def purges() -> list[Headline]:
    """The proud figure first: nothing is overdue."""
    worst = max((row.seconds for row in metrics.overdue()), default=0)
    late = overdue.shown(worst)
    done = metrics.purges()
    alerts = sum(metrics.open_alerts().values())
    page = "admin:retention_purgerun_changelist"
    return [
        Headline(_("Overdue"), took(late) if late else "0", state="overdue" if late else "ok", view=page),
        Headline(_("Purges that wait for a person"), str(done.waiting), state="due" if done.waiting else "", view=page),
        Headline(_("Purges that failed"), str(done.failed), state="overdue" if done.failed else "ok", view=page),
        Headline(_("Open alerts"), str(alerts), state="due" if alerts else "ok", view="admin:audit_alert_changelist"),
    ]
