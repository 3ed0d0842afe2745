"""How a person is found on a row: blind digests (purpose `find`), a column for each kind of identifier."""

from django.db import models
from django.db.models import Q

COLUMNS = ("phone_index", "second_phone_index", "email_index", "external_index", "name_index")


class Findable(models.Model):
    """A row about a person. Every part carries the digests itself: it may outlive the call it belongs to.

    `phone_index` is the person's number; where it is not known which of two numbers is theirs, the other one stands
    in `second_phone_index`.
    """

    phone_index = models.BinaryField(null=True)
    second_phone_index = models.BinaryField(null=True)
    email_index = models.BinaryField(null=True)
    external_index = models.BinaryField(null=True)
    name_index = models.BinaryField(null=True)

    class Meta:
        abstract = True


def people_indexes(name: str) -> list[models.Index]:
    """One partial index for each kind: rows without it cost nothing."""
    return [
        models.Index(
            fields=["organization_id", column],
            name=f"calls_{name}_{column.removesuffix('_index')}",
            condition=Q(**{f"{column}__isnull": False}),
        )
        for column in COLUMNS
    ]
