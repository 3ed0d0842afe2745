"""Migration operation of the event table: append-only, except for what a stored expiry statement covers."""

from ground.tenancy.operations import AppendOnly


class AppendOnlyUntilExpiry(AppendOnly):
    """Refuses UPDATE and TRUNCATE for everyone, and DELETE of any event whose block has no row in audit_expiry."""

    def forwards(self) -> list[str]:
        statements = super().forwards()
        function = f"{self.table}_append_only"
        statements[0] = f"""
            CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
            BEGIN
              IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
                IF EXISTS (
                  SELECT 1 FROM audit_expiry x WHERE x.organization_id = OLD.organization_id AND x.stream = OLD.stream
                    AND x.number = (
                      SELECT b.number FROM audit_block b
                      WHERE b.organization_id = OLD.organization_id AND b.stream = OLD.stream
                        AND (b.epoch, b.through_transaction, b.through_event) >= (OLD.epoch, OLD.transaction_id, OLD.id)
                      ORDER BY b.epoch, b.through_transaction, b.through_event LIMIT 1)
                    AND OLD.occurred_at < x.older_than
                ) THEN RETURN OLD; END IF;
              END IF;
              RAISE EXCEPTION '{self.table} is append-only' USING ERRCODE = 'insufficient_privilege';
            END $$"""  # noqa: S608  (a table name of ours)
        return statements
