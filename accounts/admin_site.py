"""The staff site: Django's own admin behind a second factor.

allauth's `secure_admin_login` asks for a login but not for a second factor, so the gate is ours (`staff_gate`):
without a record of one *in this session* no page of the site exists, whatever the account's rights.
"""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.models import User
from accounts.staff_figures import headlines
from accounts.staff_gate import has_second_factor, to_second_factor

FOREIGN = ("allauth.", "django.")


class StaffSite(AdminSite):
    """Stock admin; every page needs staff rights and a second factor. Its name stays `admin`, as Django expects."""

    site_header = _("Sottovoce staff")
    site_title = _("Sottovoce staff")
    index_title = _("Operator's tables")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only tables of ours: second factors, sessions and addresses of people are not for staff to edit."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        ours = [model for model in models if not model.__module__.startswith(FOREIGN)]
        super().register(ours, admin_class, **options)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The tables, below what staff look for first: overdue, waiting, failed."""
        return super().index(request, {**(extra_context or {}), "headlines": headlines()})

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """By the same page as everybody, which asks for the password again and tells by e-mail."""
        return redirect("account_change_password")

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and has_second_factor(request)

    @method_decorator([never_cache, login_not_required])
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Never Django's own password form: sign in, add a second factor, confirm it, or learn nothing."""
        target = request.GET.get(REDIRECT_FIELD_NAME, "") or reverse("admin:index")
        if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
            target = reverse("admin:index")
        user = request.user
        if isinstance(user, AnonymousUser):
            return redirect_to_login(target)
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            raise Http404
        if has_second_factor(request):
            return HttpResponseRedirect(target)
        return to_second_factor(request, target)
