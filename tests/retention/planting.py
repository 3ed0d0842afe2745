"""Many transcripts at once, planted through SQL as the owner would restore them: rows only, no keys."""

import uuid

_INSERT = """
    INSERT INTO calls_transcript (id, organization_id, call_id, agent_id, ended_at, key_id, sealed, stored_bytes,
        tombstone, created_at, turn_count, stamp, held, set_aside_at)
    SELECT gen_random_uuid(), %(organization)s, gen_random_uuid(), %(agent)s,
        now() - make_interval(days => %(days)s) - n * interval '1 second', gen_random_uuid(), '\\x00', 100,
        uuid_send(gen_random_uuid()), now(), 1, '1', %(held)s, NULL
    FROM generate_series(1, %(rows)s) AS n
"""


def transcripts(connection, organization_id, *, rows, days_old, held=False, agent_id=None):
    """Plant `rows` transcripts whose calls ended `days_old` days ago and a second earlier each."""
    connection.execute(
        _INSERT,
        {"organization": organization_id, "agent": agent_id, "days": days_old, "held": held, "rows": rows},
    )
    connection.execute("ANALYZE calls_transcript")


def agent():
    return uuid.uuid4()
