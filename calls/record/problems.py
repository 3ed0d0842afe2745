"""What is wrong with something that came in, place by place. Never a value: only where, which rule, and plain words."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`pointer` is a JSON pointer (RFC 6901), "" for the whole; `code` a word of ours; `detail` a sentence."""

    pointer: str
    code: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def under(self, prefix: str) -> "Problem":
        """The same problem, seen from outside of the thing it is in."""
        return Problem(prefix + self.pointer, self.code, self.detail)


class Unreadable(ValueError):
    """What came in cannot be taken as a call; `problems` names every place at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("; ".join(f"{p.pointer or '/'} {p.code}" for p in self.problems[:20]))


def step(pointer: str, name: str | int) -> str:
    """The pointer one level down."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
