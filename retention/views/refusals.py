"""Refusals of services as sentences: what happened, that nothing was lost, what to do."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ground.inventory.exceptions import EmptyScope, HoldNotInForce, OnLegalHold
from retention.exceptions import (
    NothingSelected,
    NothingToUndo,
    NotYoursToChange,
    OutsideOperatorBounds,
    Unchanged,
    WrongConfirmation,
)

_WORDS: Mapping[type[Exception], Promise] = {
    EmptyScope: _("Say what the hold covers. Nothing was placed."),
    HoldNotInForce: _("This hold was released already."),
    NothingSelected: _("Nothing of it is held any more. Nothing was destroyed."),
    NothingToUndo: _("There is nothing to undo: the change has taken effect or was undone already."),
    NotYoursToChange: _("This period is fixed by the operator or the law. Nothing was changed."),
    OnLegalHold: _("A legal hold keeps all of it. Nothing was destroyed."),
    OutsideOperatorBounds: _("This period is outside the bounds. Nothing was changed."),
    Unchanged: _("This is the period in force already."),
    WrongConfirmation: _(
        "The number typed is not the number shown, or it has changed since. Nothing was done; look again."
    ),
}


def sentence(error: Exception) -> str:
    """What to tell the person."""
    return str(_WORDS.get(type(error), _("This is not possible now. Nothing was changed.")))
