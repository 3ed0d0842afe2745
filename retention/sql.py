"""Bodies of the named crossings: figures over all organizations for metrics and staff, no rows, no content."""

OVERDUE = """
SELECT m.category::text, max(m.seconds)::bigint, max(extract(epoch FROM now() - m.measured_at))::double precision
FROM retention_overduemeasure m
JOIN accounts_organization o ON o.id = m.organization_id AND o.state <> 'closed'
GROUP BY m.category
"""

PURGES = """
SELECT
    count(*) FILTER (WHERE r.state = 'done'),
    count(*) FILTER (WHERE r.state = 'failed'),
    count(*) FILTER (WHERE r.state = 'waiting'),
    count(*) FILTER (WHERE r.state = 'running'),
    coalesce(sum(r.rows), 0),
    coalesce(sum(r.bytes), 0),
    (SELECT count(*) FROM retention_certificate),
    (SELECT extract(epoch FROM now() - max(s.finished_at))::double precision FROM retention_sweepstate s),
    (SELECT max(extract(epoch FROM now() - coalesce(s.finished_at, o.created_at)))::double precision
     FROM accounts_organization o LEFT JOIN retention_sweepstate s ON s.organization_id = o.id
     WHERE o.state <> 'closed'),
    (SELECT count(*) FROM audit_alert a WHERE a.kind = 'destruction.set_aside' AND a.resolved_at IS NULL)
FROM retention_purgerun r
"""

ALERTS = "SELECT a.kind::text, count(*) FROM audit_alert a WHERE a.resolved_at IS NULL GROUP BY a.kind"

STAFF = """
SELECT o.id,
    (SELECT count(*) FROM retention_purgerun r WHERE r.organization_id = o.id),
    (SELECT count(*) FROM retention_purgerun r WHERE r.organization_id = o.id AND r.state = 'waiting'),
    (SELECT count(*) FROM retention_purgerun r WHERE r.organization_id = o.id AND r.state = 'failed'),
    (SELECT coalesce(sum(r.rows), 0) FROM retention_purgerun r WHERE r.organization_id = o.id),
    (SELECT count(*) FROM retention_certificate c WHERE c.organization_id = o.id),
    (SELECT coalesce(max(m.seconds), 0)::bigint FROM retention_overduemeasure m WHERE m.organization_id = o.id),
    (SELECT s.finished_at FROM retention_sweepstate s WHERE s.organization_id = o.id),
    (SELECT max(k.finished_at) FROM retention_reconciliation k WHERE k.organization_id = o.id),
    (SELECT coalesce(sum(k.keys_lost), 0)::bigint FROM retention_reconciliation k
     WHERE k.organization_id = o.id AND k.started_at > now() - interval '30 days'),
    (SELECT count(*) FROM audit_alert a WHERE a.organization_id = o.id AND a.resolved_at IS NULL)
FROM accounts_organization o
WHERE o.state <> 'closed'
"""

# Closed organizations are swept and measured until nothing of theirs is left, so they count like the others. The bodies
# above are what the first migrations made; these replace them.

OVERDUE_OF_ALL = """
SELECT m.category::text, max(m.seconds)::bigint, max(extract(epoch FROM now() - m.measured_at))::double precision
FROM retention_overduemeasure m
GROUP BY m.category
"""

_OPEN_ONES = "\n     WHERE o.state <> 'closed'"
PURGES_OF_ALL = PURGES.replace(_OPEN_ONES, "")

_LEFT = """WHERE o.state <> 'closed'
    OR EXISTS (SELECT FROM retention_overduemeasure m WHERE m.organization_id = o.id AND m.seconds > 0)
    OR 0 < (
        SELECT coalesce(sum(t.rows), 0) FROM (
            SELECT f.rows FROM inventory_tally f WHERE f.organization_id = o.id
            UNION ALL SELECT d.rows FROM inventory_tallydelta d WHERE d.organization_id = o.id
        ) t
    )
"""
STAFF_WHILE_ANYTHING_IS_LEFT = STAFF.replace("WHERE o.state <> 'closed'\n", _LEFT)
