"""The database's own functions of the queue, as SQL. Used once, by the first migration."""

# Organizations that have such rows, one index probe each; from each its oldest due rows; then one of each in turn.
_ORGANIZATIONS = """
    (SELECT j.organization_id AS organization_id FROM jobs_job j WHERE j.state = '{state}'
     ORDER BY j.organization_id LIMIT 1)
    UNION ALL
    SELECT following.* FROM {name} n CROSS JOIN LATERAL (
        SELECT j.organization_id FROM jobs_job j WHERE j.state = '{state}' AND j.organization_id > n.organization_id
        ORDER BY j.organization_id LIMIT 1) following
"""
_NOT_JUST_WOKEN = "(j.woken_at IS NULL OR j.woken_at < clock_timestamp() - interval '30 seconds')"

DUE = f"""
WITH RECURSIVE
waiting AS ({_ORGANIZATIONS.format(name="waiting", state="ready")}),
holding AS ({_ORGANIZATIONS.format(name="holding", state="running")}),
candidates AS (
    SELECT due.id, due.since,
        row_number() OVER (PARTITION BY o.organization_id ORDER BY due.since, due.id) AS turn
    FROM (SELECT * FROM waiting UNION SELECT * FROM holding) o CROSS JOIN LATERAL (
        (SELECT j.id, j.run_at AS since FROM jobs_job j
         WHERE j.organization_id = o.organization_id AND j.state = 'ready' AND j.run_at <= clock_timestamp()
             AND {_NOT_JUST_WOKEN} ORDER BY j.run_at, j.id LIMIT how_many)
        UNION ALL
        (SELECT j.id, j.leased_until AS since FROM jobs_job j
         WHERE j.organization_id = o.organization_id AND j.state = 'running' AND j.leased_until <= clock_timestamp()
             AND {_NOT_JUST_WOKEN} ORDER BY j.leased_until, j.id LIMIT how_many)
    ) due
),
chosen AS (
    SELECT j.id FROM jobs_job j
    WHERE j.id IN (SELECT c.id FROM candidates c ORDER BY c.turn, c.since LIMIT how_many)
        AND j.state IN ('ready', 'running') AND {_NOT_JUST_WOKEN}
    FOR UPDATE SKIP LOCKED
)
UPDATE jobs_job j SET woken_at = clock_timestamp() FROM chosen WHERE j.id = chosen.id
RETURNING j.id, j.organization_id
"""  # noqa: S608  (only constants of ours are put in)

FIGURES = """
SELECT f.kind::text, sum(f.ready)::bigint, sum(f.running)::bigint, sum(f.quarantined)::bigint,
    coalesce(max(f.oldest), 0)::double precision
FROM (
    SELECT j.kind, count(*) AS ready, 0 AS running, 0 AS quarantined,
        extract(epoch FROM clock_timestamp() - min(j.run_at) FILTER (WHERE j.run_at <= clock_timestamp())) AS oldest
    FROM jobs_job j WHERE j.state = 'ready' GROUP BY j.kind
    UNION ALL
    SELECT j.kind, 0, count(*), 0, NULL FROM jobs_job j WHERE j.state = 'running' GROUP BY j.kind
    UNION ALL
    SELECT j.kind, 0, 0, count(*), NULL FROM jobs_job j WHERE j.state = 'quarantined' GROUP BY j.kind
) f GROUP BY f.kind
"""
