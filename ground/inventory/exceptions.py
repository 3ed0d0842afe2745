"""Refusals of the inventory, with names people understand."""


class InventoryError(Exception):
    """Base of this package's refusals."""


class NotDeclared(InventoryError):
    """The model has no declaration: it cannot be found, exported or destroyed."""


class DeclaredTwice(InventoryError):
    """A model may be declared only once."""


class OnLegalHold(InventoryError):
    """Everything that was to be destroyed is kept by a legal hold or restriction."""

    def __init__(self, kept: int) -> None:
        super().__init__(f"{kept} record(s) are held")
        self.kept = kept


class HoldNotInForce(InventoryError):
    """The hold was released already."""


class EmptyScope(InventoryError):
    """A hold must say what it covers."""
