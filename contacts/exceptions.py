"""Refusals of contacts."""


class ContactsError(Exception):
    """Base of this app's refusals. `code` is the word the API answers with."""

    code = "contacts-refused"


class UnknownContact(ContactsError):
    """No such contact in this organization."""

    code = "unknown-contact"


class InvalidDetails(ContactsError):
    """Details that cannot be kept: `problems` are (field, code) pairs. The message never repeats a value."""

    code = "invalid-details"

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__(", ".join(f"{field}: {code}" for field, code in problems))


class ReferenceTaken(ContactsError):
    """Another contact already has this own reference."""

    code = "reference-taken"


class ChangedMeanwhile(ContactsError):
    """Somebody changed the contact at the same moment."""

    code = "changed-meanwhile"


class NothingToMerge(ContactsError):
    """Merging needs at least one other contact."""

    code = "nothing-to-merge"


class OnLegalHold(ContactsError):
    """A legal hold keeps this contact; it cannot be destroyed or merged away."""

    code = "on-legal-hold"


class ListNameTaken(ContactsError):
    """Another list has this name."""

    code = "list-name-taken"


class UnknownList(ContactsError):
    """No such list in this organization."""

    code = "unknown-list"


class ImportRefused(ContactsError):
    """The file cannot be imported as it is. `reason` is one of our own words."""

    code = "import-refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class UnknownImport(ContactsError):
    """No such import in this organization."""

    code = "unknown-import"
