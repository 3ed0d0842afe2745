"""Masked forms of what identifies people: enough to recognise what one knows, too little to learn it."""

import phonenumbers

_DOT = "•"


def phone(number: str | None) -> str:
    """`+1 ••• •• 0123`: country code and the last four digits (the last two of a short number)."""
    if not number:
        return ""
    digits = [letter for letter in number if letter.isdigit()]
    if not digits:
        return _DOT * 4
    shown = 4 if len(digits) > 7 else 2 if len(digits) > 3 else 0
    tail = "".join(digits[len(digits) - shown :]) if shown else ""
    country = f"+{_country(number)} " if number.startswith("+") and shown == 4 else ""
    return f"{country}{_DOT * 3} {_DOT * 2} {tail}".strip()


def email(address: str | None) -> str:
    """`a•••@example.org`."""
    if not address:
        return ""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}{_DOT * 3}{at}{domain}" if at else _DOT * 4


def name(text: str | None) -> str:
    """`A•••`: the first letter."""
    return f"{text.strip()[:1]}{_DOT * 3}" if text and text.strip() else ""


def external_id(text: str | None) -> str:
    """The last two characters of longer ids, nothing of short ones."""
    if not text:
        return ""
    return f"{_DOT * 3}{text[-2:]}" if len(text) > 6 else _DOT * 4


def _country(number: str) -> str:
    try:
        return str(phonenumbers.parse(number, None).country_code)
    except phonenumbers.NumberParseException:
        return number[1:2]
