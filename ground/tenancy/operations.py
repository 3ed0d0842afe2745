"""Migration operations that build the wall: tenant tables, append-only tables, named crossings.

Every tenant table gets row-level security that is *forced* (the owner obeys too) with two policies: `tenant` lets any
role see the organization of its transaction; `maintenance` lets the owner alone see everything while it has said
`app.maintenance = on` (backup, and the body of the named crossings). The application's role cannot use the second.
The policies compare with a sub-select, which PostgreSQL evaluates once per query instead of once per row.
"""

from abc import ABC, abstractmethod
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

_TENANT = "organization_id = (SELECT NULLIF(current_setting('app.organization', true), '')::uuid)"
_MAINTENANCE = "(SELECT current_setting('app.maintenance', true)) = 'on'"


class _TableOperation(Operation, ABC):
    """An operation on one table, run only in the database in which the table's model lives."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str) -> None:
        self.table = table

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The state of models does not change."""

    def _applies(self, app_label: str, alias: str, state: ProjectState) -> bool:
        for model in state.apps.get_models():
            if model._meta.db_table == self.table:
                return self.allow_migrate_model(alias, model)
        raise ValueError(f"no model in the migration state has the table {self.table}")

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if self._applies(app_label, schema_editor.connection.alias, to_state):
            for statement in self.forwards():
                schema_editor.execute(statement, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if self._applies(app_label, schema_editor.connection.alias, from_state):
            for statement in self.backwards():
                schema_editor.execute(statement, params=None)

    @abstractmethod
    def forwards(self) -> list[str]:
        """The statements that set it up."""

    @abstractmethod
    def backwards(self) -> list[str]:
        """The statements that take it away."""


class TenantTable(_TableOperation):
    """Rows belong to the organization in `organization_id`; nobody else's transaction sees or writes them."""

    def forwards(self) -> list[str]:
        return [
            f'ALTER TABLE "{self.table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{self.table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY tenant ON "{self.table}" USING ({_TENANT}) WITH CHECK ({_TENANT})',
            (
                f'CREATE POLICY maintenance ON "{self.table}" TO CURRENT_USER '
                f"USING ({_MAINTENANCE}) WITH CHECK ({_MAINTENANCE})"
            ),
        ]

    def backwards(self) -> list[str]:
        return [
            f'DROP POLICY maintenance ON "{self.table}"',
            f'DROP POLICY tenant ON "{self.table}"',
            f'ALTER TABLE "{self.table}" NO FORCE ROW LEVEL SECURITY',
            f'ALTER TABLE "{self.table}" DISABLE ROW LEVEL SECURITY',
        ]

    def describe(self) -> str:
        return f"Wall around {self.table}"


class AppendOnly(_TableOperation):
    """The database refuses UPDATE, DELETE and TRUNCATE for everyone, the owner included."""

    def forwards(self) -> list[str]:
        function = f"{self.table}_append_only"
        return [
            (
                f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql "
                f"SET search_path = pg_catalog AS $$ BEGIN "
                f"RAISE EXCEPTION '{self.table} is append-only' USING ERRCODE = 'insufficient_privilege'; END $$"
            ),
            (
                f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{self.table}" '
                f"FOR EACH ROW EXECUTE FUNCTION {function}()"
            ),
            (
                f'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON "{self.table}" '
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            ),
        ]

    def backwards(self) -> list[str]:
        return [
            f'DROP TRIGGER append_only_truncate ON "{self.table}"',
            f'DROP TRIGGER append_only ON "{self.table}"',
            f"DROP FUNCTION {self.table}_append_only()",
        ]

    def describe(self) -> str:
        return f"Make {self.table} append-only"


class Crossing(Operation):
    """A named way across the wall: a SECURITY DEFINER function of the owner. List it in `crossings.py` with its reason.

    `arguments` and `returns` are SQL ("key_digest bytea", "TABLE (id uuid, organization_id uuid)"); `body` is one SQL
    statement, or a PL/pgSQL block when `language="plpgsql"`. `settings`: more `SET name = 'value'` of the function.
    `before`: the body of the function this replaces; going back puts it there again instead of dropping the function.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(
        self,
        name: str,
        *,
        arguments: str,
        returns: str,
        body: str,
        language: str = "sql",
        database: str = "default",
        volatility: str = "VOLATILE",
        settings: dict[str, str] | None = None,
        before: str | None = None,
    ) -> None:
        self.before = before
        self.name, self.arguments, self.returns, self.body = name, arguments, returns, body
        self.language, self.database, self.volatility, self.settings = (
            language,
            database,
            volatility,
            settings or {},
        )

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The state of models does not change."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.alias == self.database:
            self._create(schema_editor, self.body)

    def _create(self, schema_editor: BaseDatabaseSchemaEditor, body: str) -> None:
        schema_editor.execute(
            f"CREATE OR REPLACE FUNCTION {self.name}({self.arguments}) RETURNS {self.returns} "
            f"LANGUAGE plpgsql {self.volatility} SECURITY DEFINER SET search_path = pg_catalog, public "
            f"AS $crossing$ {self._block(body)} $crossing$",
            params=None,
        )
        schema_editor.execute(f"REVOKE ALL ON FUNCTION {self._signature()} FROM PUBLIC", params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.alias != self.database:
            return
        if self.before is not None:
            self._create(schema_editor, self.before)
        else:
            schema_editor.execute(f"DROP FUNCTION {self._signature()}", params=None)

    def _block(self, body: str) -> str:
        """The body between saying `app.maintenance = on` and taking it back.

        Said inside, because only a superuser may attach a custom setting to a function. An error undoes it with its
        transaction; a PL/pgSQL body that returns early leaves it on until the end of the transaction, where only other
        listed functions could use it: the policy is the owner's alone.
        """
        wanted = {"app.maintenance": "on", **self.settings}
        say = " ".join(f"PERFORM set_config('{key}', '{value}', true);" for key, value in wanted.items())
        unsay = " ".join(f"PERFORM set_config('{key}', '', true);" for key in wanted)
        if self.language != "sql":
            return f"BEGIN {say} {body.rstrip().rstrip(';')}; {unsay} END"
        statement = body.rstrip().rstrip(";")
        if self.returns.upper().startswith(("TABLE", "SETOF")):
            return f"#variable_conflict use_column\nBEGIN {say} RETURN QUERY {statement}; {unsay} END"
        if self.returns == "void":
            return f"BEGIN {say} {statement}; {unsay} END"
        return (
            f"#variable_conflict use_column\nDECLARE answer {self.returns}; "
            f"BEGIN {say} answer := ({statement}); {unsay} RETURN answer; END"
        )

    def _signature(self) -> str:
        types = ", ".join(
            argument.strip().split(" ", 1)[1] for argument in self.arguments.split(",") if argument.strip()
        )
        return f"{self.name}({types})"

    def describe(self) -> str:
        return f"Named crossing {self.name}"
