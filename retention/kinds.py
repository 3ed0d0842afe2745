"""Kinds of evidence as sentences. A kind nobody wrote words for is shown as it is stored."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ground.audit.walk import Fault, Problem

LONGEST_VALUE = 40  # a digest is cut on the page; the export has all of it

KINDS: Mapping[str, Promise] = {
    "accounts.account_closed": gettext_lazy("Closed their own account"),
    "accounts.api_key_created": gettext_lazy("Made an API key"),
    "accounts.api_key_revoked": gettext_lazy("Revoked an API key"),
    "accounts.api_key_rotated": gettext_lazy("Rotated an API key"),
    "accounts.invitation_revoked": gettext_lazy("Withdrew an invitation"),
    "accounts.invitation_sent": gettext_lazy("Invited somebody"),
    "accounts.member_added": gettext_lazy("Joined the organization"),
    "accounts.member_left": gettext_lazy("Left the organization"),
    "accounts.member_removed": gettext_lazy("Removed a member"),
    "accounts.organization_closed": gettext_lazy("Closed the organization"),
    "accounts.organization_closing": gettext_lazy("Began closing the organization"),
    "accounts.organization_kept_open": gettext_lazy("Kept the organization open"),
    "accounts.organization_opened": gettext_lazy("Opened the organization"),
    "accounts.requests_exported": gettext_lazy("Exported the request log"),
    "accounts.role_changed": gettext_lazy("Changed a role"),
    "accounts.settings_changed": gettext_lazy("Changed settings of the organization"),
    "accounts.staff_access_approved": gettext_lazy("Approved a look of the operator’s staff"),
    "accounts.staff_access_asked": gettext_lazy("Asked to look as staff of the operator"),
    "accounts.staff_access_ended": gettext_lazy("Ended a session of the operator’s staff"),
    "accounts.staff_access_extended": gettext_lazy("Extended a session of the operator’s staff"),
    "accounts.staff_access_lapsed": gettext_lazy("A request of the operator’s staff lapsed"),
    "accounts.staff_access_opened": gettext_lazy("Opened a session as staff of the operator"),
    "accounts.staff_access_refused": gettext_lazy("Refused a look of the operator’s staff"),
    "accounts.staff_access_withdrawn": gettext_lazy("Withdrew a request of the operator’s staff"),
    "accounts.staff_looked": gettext_lazy("Looked at a page as staff of the operator"),
    "accounts.staff_rule_changed": gettext_lazy("Changed when the operator’s staff may look"),
    "agents.changed": gettext_lazy("Changed an agent"),
    "agents.connection_created": gettext_lazy("Connected a voice provider"),
    "agents.connection_state_set": gettext_lazy("Switched a connection"),
    "agents.created": gettext_lazy("Added an agent"),
    "agents.published": gettext_lazy("Published an agent’s revision"),
    "agents.retired": gettext_lazy("Retired an agent"),
    "audit.alert_raised": gettext_lazy("Raised an alert"),
    "audit.alert_resolved": gettext_lazy("Resolved an alert"),
    "audit.block_expired": gettext_lazy("Expired a sealed block of the access log"),
    "retention.holds_exported": gettext_lazy("Exported holds"),
    "retention.purges_exported": gettext_lazy("Exported purges"),
    "retention.certificates_exported": gettext_lazy("Exported the list of certificates"),
    "agents.list_exported": gettext_lazy("Exported the list of agents"),
    "accounts.team_exported": gettext_lazy("Exported the team"),
    "accounts.staff_access_exported": gettext_lazy("Exported the looks of the operator’s staff"),
    "accounts.organizations_exported": gettext_lazy("Exported the list of organizations as staff of the operator"),
    "agents.connections_exported": gettext_lazy("Exported the list of connections"),
    "agents.revisions_exported": gettext_lazy("Exported an agent’s revisions"),
    "contacts.lists_exported": gettext_lazy("Exported the lists of contacts"),
    "retention.history_exported": gettext_lazy("Exported the history of the periods"),
    "retention.set_aside_exported": gettext_lazy("Exported what was set aside"),
    "accounts.keys_exported": gettext_lazy("Exported the API keys"),
    "contacts.imports_exported": gettext_lazy("Exported the list of imported files"),
    "delivery.notices_exported": gettext_lazy("Exported their own notices"),
    "calls.list_exported": gettext_lazy("Exported calls"),
    "audit.log_exported": gettext_lazy("Exported the audit log"),
    "audit.log_read": gettext_lazy("Read the audit log"),
    "audit.verified": gettext_lazy("Verified the audit log"),
    "calls.batch_stored": gettext_lazy("Stored many calls at once"),
    "calls.recordings_stored": gettext_lazy("Stored many recordings at once"),
    "calls.destruction_asked": gettext_lazy("Asked for the destruction of a call"),
    "calls.listened": gettext_lazy("Listened to a recording"),
    "calls.not_kept": gettext_lazy("Refused to keep what the agent’s settings forbid"),
    "calls.provider_copy_answered": gettext_lazy("The provider answered about its copy"),
    "calls.recording_stored": gettext_lazy("Stored a recording"),
    "calls.report_read": gettext_lazy("Read a report"),
    "calls.revealed": gettext_lazy("Uncovered a number or address"),
    "calls.searched": gettext_lazy("Searched for a person or an id"),
    "calls.stored": gettext_lazy("Stored a call"),
    "calls.transcript_read": gettext_lazy("Read a transcript"),
    "contacts.added": gettext_lazy("Added a contact"),
    "contacts.changed": gettext_lazy("Changed a contact"),
    "contacts.imported": gettext_lazy("Imported contacts"),
    "contacts.merged": gettext_lazy("Merged contacts"),
    "contacts.list_exported": gettext_lazy("Exported contacts"),
    "contacts.revealed": gettext_lazy("Uncovered a contact"),
    "contacts.stored": gettext_lazy("Stored contacts"),
    "inventory.destroyed": gettext_lazy("Destroyed records"),
    "inventory.hold_placed": gettext_lazy("Placed a legal hold"),
    "inventory.hold_released": gettext_lazy("Released a legal hold"),
    "inventory.restriction_placed": gettext_lazy("Placed a restriction"),
    "inventory.restriction_released": gettext_lazy("Released a restriction"),
    "inventory.superseded": gettext_lazy("Destroyed keys that newer ones replaced"),
    "retention.destruction_planned": gettext_lazy("Confirmed a destruction before its time"),
    "retention.destruction_refused": gettext_lazy("Destroyed nothing after all: it had changed, or a hold keeps it"),
    "retention.destruction_undone": gettext_lazy("Undid a destruction in time"),
    "retention.hold_reason_read": gettext_lazy("Read the reason of a hold"),
    "retention.log_files_removed": gettext_lazy("Removed log files of the platform"),
    "retention.period_changed": gettext_lazy("Changed a period"),
    "retention.period_decided": gettext_lazy("Decided a period as operator"),
    "retention.period_undone": gettext_lazy("Undid a change of a period"),
    "retention.reconciled": gettext_lazy("Compared rows, keys and objects"),
    "retention.run_approved": gettext_lazy("Approved a large purge"),
    "retention.run_finished": gettext_lazy("Finished a purge"),
    "retention.set_aside_retried": gettext_lazy("Tried again what was set aside"),
    "retention.statement_issued": gettext_lazy("Signed a statement of a certificate"),
    "retention.sweep_asked": gettext_lazy("Asked for a purge now"),
}
_FAULTS: Mapping[str, Promise] = {
    Fault.BLOCK_MISSING: gettext_lazy("a block is missing"),
    Fault.BLOCK_CHANGED: gettext_lazy("a block was changed"),
    Fault.BAD_SIGNATURE: gettext_lazy("a signature does not hold"),
    Fault.CHAIN_BROKEN: gettext_lazy("the chain is broken"),
    Fault.EVENTS_CHANGED: gettext_lazy("events were changed or removed"),
    Fault.EVENT_INSERTED: gettext_lazy("an event was inserted"),
    Fault.EXPIRY_NOT_STATED: gettext_lazy("events are gone without a statement"),
    Fault.ROLLED_BACK: gettext_lazy("the end of the chain is missing"),
    Fault.EPOCH_CHANGED: gettext_lazy("an epoch was changed"),
}


def words(kind: str) -> str:
    """Changed a period; or the kind itself."""
    return str(KINDS.get(kind, kind))


def facts(payload: str) -> list[tuple[str, str]]:
    """The payload of an event, flat, for people: ids and counts."""
    try:
        said: dict[str, Any] = json.loads(payload)
    except ValueError:
        return [("", payload)]
    return [(name.replace("_", " "), _value(value)) for name, value in said.items() if value not in ("", None, [], {})]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        text = ", ".join(f"{name} {_value(one)}".replace("_", " ") for name, one in value.items())
    else:
        text = ", ".join(map(_value, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def fault(problem: Problem | None) -> str:
    """What a verification found, with the first bad block."""
    if problem is None:
        return _("Not verified: the anchors outside the database do not hold. Tell the operator.")
    return _("Not verified: %(fault)s. First bad block: %(number)d of %(stream)s. Tell the operator.") % {
        "fault": _FAULTS[problem.fault],
        "number": problem.number,
        "stream": problem.stream or _("all streams"),
    }
