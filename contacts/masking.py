"""Enough of an identifier to recognise it, too little to use it."""

_DOT = "•"


def phone(number: str) -> str:
    """`+33612345642` → `+33 6 •• •• •• 42`: country, first digit, last two."""
    digits = number.removeprefix("+")
    if len(digits) < 6:
        return _DOT * 4
    country, rest = _country(number)
    hidden = len(rest) - 3
    pairs = " ".join(_DOT * min(2, hidden - start) for start in range(0, hidden, 2))
    return f"+{country} {rest[0]} {pairs} {rest[-2:]}"


def email(address: str) -> str:
    """`marie.curie@example.org` → `m•••@e•••.org`."""
    local, _, domain = address.rpartition("@")
    name, dot, ending = domain.rpartition(".")
    return f"{local[:1]}{_DOT * 3}@{name[:1]}{_DOT * 3}{dot}{ending}"


def name(full: str) -> str:
    """`Marie Skłodowska Curie` → `M. S. C.`; scripts without spaces show their first character."""
    return " ".join(f"{word[:1].upper()}." for word in full.split()[:4])


def _country(number: str) -> tuple[str, str]:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number[1:3], number[3:]
    country = str(parsed.country_code)
    return country, number.removeprefix("+")[len(country) :]
