"""Waiting for what is out of reach for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from ground.jobs.exceptions import RetryLater
from ground.vault import Unavailable


@contextmanager
def until_the_vault_answers(seconds: float, *also: type[Exception]) -> Iterator[None]:
    """That a part of the vault is out of reach is no failure of the work: it is tried again, uncounted.

    `also`: what else means no more than that.
    """
    passing: tuple[type[Exception], ...] = (Unavailable, *also)
    try:
        yield
    except passing as error:
        raise RetryLater(seconds, "vault_unavailable", counted=False) from error
