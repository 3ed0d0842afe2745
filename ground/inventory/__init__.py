"""What is held about whom: one declaration per model, and everything that follows from it.

Purge, access, erasure, restriction, the record of processing and the public notice all walk these declarations;
nothing else lists models. Import the verbs by module: `holds.place`, `destruction.destroy_now`, `tally.add`.
"""

from ground.inventory.declarations import (
    HoldScope,
    PersonalData,
    Subject,
    declaration_of,
    declarations,
    declare,
    no_personal_data,
)
from ground.inventory.locks import ingest_lock

__all__ = [
    "HoldScope",
    "PersonalData",
    "Subject",
    "declaration_of",
    "declarations",
    "declare",
    "ingest_lock",
    "no_personal_data",
]
