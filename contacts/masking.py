"""Masked forms of what identifies people, the same on every page and in the API: enough to recognise what one knows,
too little to use it."""

import phonenumbers

_DOT = "•"
_NOTHING = _DOT * 4


def phone(number: str | None) -> str:
    """`+33612345642` → `+33 6 •• •• •• 42`: country, first digit, last two. Nothing of short numbers and of words."""
    if not number:
        return ""
    digits = "".join(letter for letter in number if letter.isdigit())
    if len(digits) < 6:
        return _NOTHING
    country = _country(digits) if number.startswith("+") else ""
    rest = digits[len(country) :]
    start = f"+{country} {rest[0]} " if country else ""
    hidden = len(rest) - (3 if country else 2)
    pairs = " ".join(_DOT * min(2, hidden - at) for at in range(0, hidden, 2))
    return f"{start}{pairs} {rest[-2:]}"


def email(address: str | None) -> str:
    """`marie.curie@example.org` → `m•••@e•••.org`."""
    if not address:
        return ""
    local, at, domain = address.rpartition("@")
    name, dot, ending = domain.rpartition(".")
    if not (at and local and name):
        return _NOTHING
    return f"{local[:1]}{_DOT * 3}@{name[:1]}{_DOT * 3}{dot}{ending}"


def name(full: str | None) -> str:
    """`Marie Skłodowska Curie` → `M. S. C.`; scripts without spaces show their first character."""
    return " ".join(f"{word[:1].upper()}." for word in (full or "").split()[:4])


def external_id(text: str | None) -> str:
    """The last two characters of longer ids, nothing of short ones."""
    if not text:
        return ""
    return f"{_DOT * 3}{text[-2:]}" if len(text) > 6 else _NOTHING


def _country(digits: str) -> str:
    try:
        country = str(phonenumbers.parse(f"+{digits}").country_code)
    except phonenumbers.NumberParseException:
        return digits[:2]
    return country if len(digits) - len(country) >= 4 else digits[:2]
