"""Migration operation of the revision table: what was published stays as it was published."""

from ground.tenancy.operations import AppendOnly

_FUNCTION = """
CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$ BEGIN
  IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
    IF NOT EXISTS (SELECT 1 FROM agents_agent a WHERE a.id = OLD.agent_id) THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'insufficient_privilege';
END $$"""


class Published(AppendOnly):
    """Refuses UPDATE and TRUNCATE for everyone, and DELETE while the agent exists: revisions leave only with it."""

    def forwards(self) -> list[str]:
        statements = super().forwards()
        statements[0] = _FUNCTION.format(table=self.table)
        return statements
