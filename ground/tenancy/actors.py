"""Who did something, as a plain value: evidence must outlive the row of the person it names."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    MEMBER = "member"
    STAFF = "staff"
    API_KEY = "api_key"
    SUBJECT = "subject"
    PROVIDER = "provider"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is an opaque id (uuid as text) or, for the system, the name of the job. Never a name or an address."""

    kind: ActorKind
    id: str

    @classmethod
    def member(cls, user_id: UUID | str) -> "Actor":
        return cls(ActorKind.MEMBER, str(user_id))

    @classmethod
    def staff(cls, user_id: UUID | str) -> "Actor":
        return cls(ActorKind.STAFF, str(user_id))

    @classmethod
    def api_key(cls, key_id: UUID | str) -> "Actor":
        return cls(ActorKind.API_KEY, str(key_id))

    @classmethod
    def provider(cls, endpoint_id: UUID | str) -> "Actor":
        return cls(ActorKind.PROVIDER, str(endpoint_id))

    @classmethod
    def system(cls, job: str) -> "Actor":
        return cls(ActorKind.SYSTEM, job)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
