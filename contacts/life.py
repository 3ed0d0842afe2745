"""Where a contact stands between the last contact and the purge, in words for the pill."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.bands import leaves_soon
from contacts.models import Contact
from ground.clocks import purge_after
from ground.profiles import Period

SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Life:
    """`state`: kept, due, overdue or held, as the pill draws it. `due_at` None: nobody has decided a period."""

    state: str
    words: str
    due_at: datetime | None


def life_of(contact: Contact, period: Period | None, now: datetime, ends_at: datetime | None = None) -> Life:
    """Pure: what the pill of a contact says now. `ends_at`: its destruction is confirmed and waits until then."""
    due_at = None if period is None else purge_after(contact.last_contact_at, period)
    if contact.held:
        return Life("held", _("held"), due_at)
    if ends_at is not None:
        return Life("due", leaves_soon(ends_at, now), due_at)
    if due_at is None:
        return Life("kept", _("no period decided"), None)
    days = (due_at - now).days
    if due_at <= now:
        return Life("due", _("leaves with the next purge"), due_at)
    words = _("expires today") if days == 0 else ngettext("expires in %(n)d day", "expires in %(n)d days", days)
    return Life("due" if days < SOON_DAYS else "kept", words % {"n": days} if days else words, due_at)
