"""The database's own functions of the audit trail, as SQL. Used once, by the first migration."""

# Called for every event. Qualified instead of `SET search_path`, which would cost several microseconds a call.
CURRENT_EPOCH = """
CREATE FUNCTION audit_current_epoch() RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN coalesce((SELECT pg_catalog.max(number) FROM public.audit_epoch), 1); END $$
"""

# Skip scans: one index probe per chain instead of a walk over every event.
_EVENT_CHAINS = """
    (SELECT e.organization_id AS organization_id, e.stream::text AS stream
     FROM audit_event e ORDER BY e.organization_id, e.stream LIMIT 1)
    UNION ALL
    SELECT following.* FROM event_chains c CROSS JOIN LATERAL (
        SELECT e.organization_id, e.stream::text FROM audit_event e
        WHERE (e.organization_id, e.stream) > (c.organization_id, c.stream)
        ORDER BY e.organization_id, e.stream LIMIT 1) following
"""
_BLOCK_CHAINS = _EVENT_CHAINS.replace("audit_event e", "audit_block e").replace("event_chains", "block_chains")

CHAINS = f"""
WITH RECURSIVE event_chains AS ({_EVENT_CHAINS}), block_chains AS ({_BLOCK_CHAINS})
SELECT * FROM event_chains UNION SELECT * FROM block_chains
UNION SELECT x.organization_id, x.stream::text FROM audit_expiry x
"""  # noqa: S608  (only constants of ours are put in)

# A chain is pending when it has an event behind its last block whose transaction is surely over.
PENDING = f"""
WITH RECURSIVE event_chains AS ({_EVENT_CHAINS}),
horizon AS MATERIALIZED (
    SELECT pg_snapshot_xmin(pg_current_snapshot()) AS oldest_running, audit_current_epoch() AS epoch
)
SELECT c.organization_id, c.stream FROM event_chains c CROSS JOIN horizon h
LEFT JOIN LATERAL (
    SELECT b.epoch, b.through_transaction, b.through_event FROM audit_block b
    WHERE b.organization_id = c.organization_id AND b.stream = c.stream ORDER BY b.number DESC LIMIT 1
) head ON true
WHERE EXISTS (
    SELECT 1 FROM audit_event e WHERE e.organization_id = c.organization_id AND e.stream = c.stream
    AND (e.epoch, e.transaction_id, e.id) > (
        coalesce(head.epoch, 0), coalesce(head.through_transaction, '0'::xid8),
        coalesce(head.through_event, '00000000-0000-0000-0000-000000000000'::uuid))
    AND (e.epoch < h.epoch OR e.transaction_id < h.oldest_running)
)
ORDER BY random() LIMIT how_many
"""  # noqa: S608  (only constants of ours are put in)

STOP_WRITERS = "LOCK TABLE audit_event IN SHARE ROW EXCLUSIVE MODE"

EXPIRE_BLOCK = """
DECLARE
    block audit_block%ROWTYPE;
    before audit_block%ROWTYPE;
    removed integer;
BEGIN
    IF wanted_organization IS DISTINCT FROM NULLIF(current_setting('app.organization', true), '')::uuid THEN
        RAISE EXCEPTION 'audit blocks expire only in the context of their organization';
    END IF;
    SELECT b.* INTO block FROM audit_block b JOIN audit_expiry x
        ON (x.organization_id, x.stream, x.number, x.block_hash) = (b.organization_id, b.stream, b.number, b.block_hash)
    WHERE b.organization_id = wanted_organization AND b.stream = wanted_stream AND b.number = wanted_number
        AND x.older_than = wanted_older_than AND x.older_than <= clock_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no statement covers the expiry of this audit block';
    END IF;
    SELECT b.* INTO before FROM audit_block b
    WHERE b.organization_id = wanted_organization AND b.stream = wanted_stream AND b.number = wanted_number - 1;
    DELETE FROM audit_event e
    WHERE e.organization_id = wanted_organization AND e.stream = wanted_stream
        AND (e.epoch, e.transaction_id, e.id)
            > (coalesce(before.epoch, 0), coalesce(before.through_transaction, '0'::xid8),
               coalesce(before.through_event, '00000000-0000-0000-0000-000000000000'::uuid))
        AND (e.epoch, e.transaction_id, e.id) <= (block.epoch, block.through_transaction, block.through_event);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed <> block.event_count THEN
        RAISE EXCEPTION 'this audit block does not hold the events it was sealed over; nothing expired';
    END IF;
    PERFORM set_config('app.maintenance', '', true);
    RETURN removed;
END
"""
