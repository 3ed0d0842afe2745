"""The few ways across the wall between organizations, each a named SQL function with its reason.

A test compares this list with the catalogue: a SECURITY DEFINER function that is not listed here fails the build.
"""

CROSSINGS: dict[str, str] = {
    "accounts_api_key_by_prefix": "a program names only its key; the organization follows from it",
    "accounts_invitation_by_token": "whoever opens an invitation's link does not belong to the organization yet",
    "accounts_member_count": "staff see how many belong to an organization, never who",
    "accounts_memberships_of": "after sign-in, a person's own organizations must be found before one is chosen",
    "accounts_staff_figures": "staff choose an organization by state and counts, and see no row of it",
    "accounts_staff_sessions": "staff see sessions of staff over all organizations; reasons stay with the organization",
    "accounts_staff_sessions_over": "sessions whose time is over are ended, whichever organization they looked at",
    "agents_connection_of": "a provider's delivery names only its ingest address; its organization follows from it",
    "delivery_email_counts": "staff see how many e-mails of each kind wait, went or failed; no row",
    "delivery_emails_latest": "staff send again what failed: kind, state and moments; never a recipient or a text",
    "audit_chains": "verification walks every organization's chains",
    "audit_pending": "the sealer must learn which chains of all organizations have events to seal",
    "audit_stop_writers": "beginning an epoch after a restore waits until nobody writes events",
    "audit_expire_block": "only this removes events: those of one whole sealed block, covered by a stored statement",
    "calls_copy_figures": "staff see by state how many copies lie at voice providers, over all organizations; no row",
    "jobs_due": "the sweep wakes due work of all organizations, fairly",
    "jobs_figures": "queue figures over all organizations: counts and ages, no rows",
    "agents_connection_counts": "staff see figures by provider over all organizations, and no row",
    "retention_overdue_figures": "the overdue figure is the worst over all organizations, by category; no names",
    "retention_purge_figures": "purges, certificates and sweeps over all organizations: counts and ages, no rows",
    "retention_alert_figures": "how many alerts of each kind are open, over all organizations",
    "retention_staff_figures": "the operator's staff see counts and moments of each organization's purges, no content",
}
