"""What can be wrong with an operator profile."""

from collections.abc import Sequence


class ProfileError(Exception):
    """A profile cannot be used. Carries every problem found, each as `path: sentence`."""

    def __init__(self, origin: str, problems: Sequence[str]) -> None:
        self.origin = origin
        self.problems = tuple(problems)
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"The operator profile {origin} cannot be used:\n{listed}")


class NotAPeriod(ValueError):
    """A length of time that is negative, absurdly long, or not written like `90 days`."""
