"""`manage.py permissions`: the table of permissions by role, as docs/permissions.md shows it."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Role
from accounts.permissions import PERMISSIONS, SCOPES, STAFF_CONTENT, STAFF_LOOKS

_HEAD = """# Who may do what

Code asks for a permission, never for a role. The table lives in `accounts/permissions.py`; this page is written by
`manage.py permissions > docs/permissions.md`, and a test compares the two.

An API key carries permissions as its scopes. Only those marked in the last column may be given to a key: nothing that
changes people or keys. Periods and holds keep their previews, numbers and grace windows on that door too.

A stranger is sent to the login. Somebody who does not belong to the organization gets 404 and learns nothing. A member
whose role lacks the permission gets 403 and is told so.

Staff of the operator are outsiders, but for the time of a session with a stated reason (*Staff access*). The column
*staff session* says what such a session may look at; "content" means: only when the session asked for content with a
reason of its own. It writes nothing and takes nothing out, whatever the table says.
"""


def page() -> str:
    """The whole page, in Markdown."""
    roles = list(Role.values)
    lines = [_HEAD, f"| Permission | What it allows | {' | '.join(roles)} | staff session | API key |"]
    lines.append("|" + "---|" * (len(roles) + 4))
    for name, (words, allowed) in PERMISSIONS.items():
        marks = ["yes" if role in allowed else "" for role in roles]
        marks.append("yes" if name in STAFF_LOOKS else "content" if name in STAFF_CONTENT else "")
        lines.append(f"| `{name}` | {words} | {' | '.join(marks)} | {'yes' if name in SCOPES else ''} |")
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    help = "Print the table of permissions by role as Markdown."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(page(), ending="")
