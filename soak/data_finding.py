"""A31: however a number or an address is written, it is found again; and never in another organization.

Every turn takes an identifier of its own, writes it in every way people and machines write it, and compares digests.
"""

import random
from collections.abc import Iterator
from uuid import UUID, uuid4

import phonenumbers

from ground.vault import blind
from ground.vault.exceptions import NotAnIdentifier
from soak.harness import Run, figure

REGIONS = ("DE", "FR", "GB", "US", "PL", "ES", "IT", "NL", "AT", "CH", "SE", "BR", "IN", "JP", "AU")
_SPACES = (" ", "\u00a0", "\u202f", "\u2009")
_DASHES = ("-", "\u2010", "\u2011", "\u2013", "\u2212")
_HIDDEN = ("\u200b", "\u200e", "\u202a", "\ufeff", "\u2060")
_DIGITS = ("٠", "۰", "०", "０")  # zeros of Arabic, Persian, Devanagari and full-width digits
_DOMAINS = ("example.org", "mail.example.co.uk", "bücher.example", "пример.example", "例え.example")
_LOCALS = ("maria.weber", "o'neil", "j+orders", "zażółć", "straße", "a_b-c", "名前")


# ------------------------------------------------------------------ phones
def phone(chance: random.Random) -> tuple[str, str]:
    """A number that is possible in its country, in E.164, and the country."""
    region = chance.choice(REGIONS)
    model = phonenumbers.example_number_for_type(
        region, chance.choice([phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE])
    )
    while True:
        digits = str(model.national_number)
        tail = "".join(chance.choice("0123456789") for _ in digits[-5:])
        made = phonenumbers.PhoneNumber(
            country_code=model.country_code,
            national_number=int(digits[:-5] + tail),
            italian_leading_zero=model.italian_leading_zero,
            number_of_leading_zeros=model.number_of_leading_zeros,
        )
        if phonenumbers.is_valid_number(made):
            return phonenumbers.format_number(made, phonenumbers.PhoneNumberFormat.E164), region


def phone_writings(e164: str, region: str, chance: random.Random) -> Iterator[tuple[str, str | None]]:
    """(text, country it is read in): every way to write the number that leaves it the same number."""
    number = phonenumbers.parse(e164)
    formats = phonenumbers.PhoneNumberFormat
    international = phonenumbers.format_number(number, formats.INTERNATIONAL)
    national = phonenumbers.format_number(number, formats.NATIONAL)
    uri = phonenumbers.format_number(number, formats.RFC3966)
    yield from ((text, None) for text in (e164, international, uri, uri.upper().replace("TEL", "Tel"), f" {e164}\n"))
    yield "00" + e164[1:], None
    yield "00 " + international[1:], None
    yield international.replace(" ", "."), None
    yield international.replace(" ", "/"), None
    yield from ((international.replace(" ", space), None) for space in _SPACES)
    yield from ((international.replace(" ", dash).replace("-", dash), None) for dash in _DASHES)
    yield from ((international.replace(" ", hidden), None) for hidden in _HIDDEN)
    yield f"{chance.choice(_HIDDEN)}{e164}{chance.choice(_HIDDEN)}", None
    yield international.replace("+", "＋"), None
    yield from (("+" + _in_digits(e164[1:], zero), None) for zero in _DIGITS)
    yield f"{e164};ext=12", None
    yield f"{international} ext. 34", None
    yield f"{international} x56", None
    spaced = " ".join(e164[1:])
    yield f"+{spaced}", None
    yield from ((text, region) for text in (e164, international, national, national.replace(" ", "")))
    yield national.replace(" ", "-"), region.lower()
    yield national.replace(" ", chance.choice(_SPACES)), region
    yield _in_digits(national, chance.choice(_DIGITS)), region


def _in_digits(text: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(one)) if one in "0123456789" else one for one in text)


# ------------------------------------------------------------------ e-mail addresses
def email(chance: random.Random) -> tuple[str, str]:
    """The parts before and after the @, in small letters."""
    return f"{chance.choice(_LOCALS)}{chance.randrange(10**9)}", chance.choice(_DOMAINS)


def email_writings(local: str, domain: str, chance: random.Random) -> Iterator[tuple[str, str | None]]:
    """(text, None): every way to write the address that leaves it the same address."""
    import unicodedata

    address = f"{local}@{domain}"
    idna = domain.encode("idna").decode() if not domain.isascii() else domain
    texts = [address, address.title(), f"{local}@{domain.upper()}", f"  {address}\t", f"<{address}>", f"< {address} >"]
    texts += [f"mailto:{address}", f"MAILTO:{address}", f"{address}.", f"{local}@{idna}", f"{local}@{idna.upper()}"]
    texts += [unicodedata.normalize(form, address) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    texts += [f"{local}{hidden}@{domain}" for hidden in _HIDDEN]
    texts += [f"{hidden}{address}" for hidden in _HIDDEN]
    texts += [address.replace("@", "＠"), address.replace(".", "．") if "." not in local else address]
    texts += [f"{local}@{domain.replace('.', dot)}" for dot in ("。", "．", "｡") if not domain.isascii()]
    texts += [_in_digits(local, "０") + f"@{domain}"]
    if "ß" not in local:  # written large it is SS, another address
        texts += [address.upper(), address.swapcase()]
    yield from ((text, None) for text in texts)


# ------------------------------------------------------------------ the figure
@figure(
    "A31",
    "An identifier is found however it is written, and never across organizations",
    full=20_000,
    small=2_000,
    unit="writings",
)
def recall(run: Run) -> None:
    ours, theirs = uuid4(), uuid4()
    digests: set[bytes] = set()
    identifiers = 0
    while run.ran < run.count and not (run.over and run.ran):
        kind = ("phone", "email")[identifiers % 2]
        if kind == "phone":
            e164, region = phone(run.random)
            plain, writings = e164, list(phone_writings(e164, region, run.random))
        else:
            local, domain = email(run.random)
            plain, writings = f"{local}@{domain}", list(email_writings(local, domain, run.random))
        wanted = {purpose: blind.digest(ours, purpose, kind, plain) for purpose in blind.PURPOSES}
        for text, region in writings:
            run.same(f"{kind}: found", _digest(ours, kind, text, region), wanted["find"], f"{text!r} ({region})")
        elsewhere = {blind.digest(theirs, purpose, kind, plain) for purpose in blind.PURPOSES}
        run.check("two organizations never equal", not elsewhere & set(wanted.values()), plain)
        run.check("purposes never equal", len(elsewhere | set(wanted.values())) == 2 * len(blind.PURPOSES), plain)
        run.check("another identifier never equal", wanted["find"] not in digests or plain in _known, plain)
        digests.add(wanted["find"])
        _known.add(plain)
        identifiers += 1
        run.did(len(writings))
    run.tell(identifiers=identifiers)
    rekeyed(run, ours)


_known: set[str] = set()


def _digest(organization_id: UUID, kind: str, text: str, region: str | None) -> bytes | None:
    try:
        return blind.digest(organization_id, "find", kind, text, region)
    except NotAnIdentifier:
        return None


def rekeyed(run: Run, organization_id: UUID) -> None:
    """While stored digests are re-keyed one by one, every identifier is found under the old or the new one."""
    numbers = list({phone(run.random)[0] for _ in range(max(20, min(2_000, run.ran // 20)))})
    stored = {number: blind.digest(organization_id, "suppress", "phone", number) for number in numbers}
    blind.begin_rekey(organization_id, "suppress")
    for moved in numbers:
        stored[moved] = blind.rekey_outer(organization_id, "suppress", stored[moved])
        asked = run.random.choice(numbers)
        candidates = blind.candidates(organization_id, "suppress", "phone", asked)
        run.check("found while re-keying", stored[asked] in candidates, asked)
    blind.finish_rekey(organization_id, "suppress")
    for number in numbers:
        again = blind.digest(organization_id, "suppress", "phone", number)
        run.check("found after re-keying", again == stored[number], number)
