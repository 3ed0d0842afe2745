"""Refusals with names people understand."""


class DeliveryError(Exception):
    """Base of this app's refusals."""


class NotSendable(DeliveryError):
    """The message has a form that cannot be stored sealed (a ready-made MIME part), or nobody to go to."""


class ContentGone(DeliveryError):
    """The e-mail's content was destroyed after its time; there is nothing to send again."""


class UnknownEmail(DeliveryError):
    """No such e-mail in this organization."""
