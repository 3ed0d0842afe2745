"""One spelling for each phone number, e-mail address, external id and name, so that the same person is found again.

Pure. Refuses with NotAnIdentifier and never repeats the value in the message (it would end in a log).
"""

import re
import unicodedata

import idna
import phonenumbers

from ground.vault.exceptions import NotAnIdentifier

KINDS = ("phone", "email", "external_id", "name")
PHONE_METADATA_VERSION: str = phonenumbers.__version__
"""Store it beside phone digests: a newer release may read a national number differently."""

_MAX_CHARACTERS = 500
_LOCAL_PART_BYTES = 64
_DOMAIN_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def normalise(kind: str, value: str, region: str | None = None) -> str:
    """The one spelling of `value`. `region`: ISO country whose habits read a national phone number ("DE").

    phone: E.164, extension dropped. email: NFKC, lower case, domain by IDNA; no provider's habits (dots, plus tags)
    are applied, for they differ. external_id: NFC and trimmed, case kept. name: NFKC, case folded, single spaces.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    if not isinstance(value, str):
        raise NotAnIdentifier(f"a {kind} is text")
    cleaned = _visible(value)
    if not cleaned or len(cleaned) > _MAX_CHARACTERS:
        raise NotAnIdentifier(f"an empty or overlong {kind}")
    if kind == "phone":
        return _phone(cleaned, region)
    if kind == "email":
        return _email(cleaned)
    if kind == "name":
        return _name(cleaned)
    return _external_id(cleaned)


def _visible(value: str) -> str:
    """Without what cannot be seen (zero-width and direction marks, byte order marks) and without outer spaces."""
    if value.isascii():
        return value.strip()  # nothing of ASCII is such a mark
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotAnIdentifier("text with half a surrogate pair") from None
    return "".join(character for character in value if unicodedata.category(character) != "Cf").strip()


def _phone(value: str, region: str | None) -> str:
    written = value
    if not value.isascii():
        written = "".join(_western_digit(character) for character in unicodedata.normalize("NFKC", value))
    if any(map(str.isalpha, written.lower().removeprefix("tel:").split("ext")[0].split("x")[0])):
        raise NotAnIdentifier("a phone number with letters")
    if region is None and re.match(r"00\s*[1-9]", written):
        written = "+" + written[2:]  # the international prefix ITU-T E.123 names, where no country says otherwise
    try:
        number = phonenumbers.parse(written, region.upper() if region else None)
    except phonenumbers.NumberParseException as error:
        raise NotAnIdentifier("no phone number, or a national one without its country") from error
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NotAnIdentifier("no possible phone number (too short or too long for its country, or without its area)")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _western_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if unicodedata.category(character) == "Nd" else character


def _email(value: str) -> str:
    written = unicodedata.normalize("NFKC", value).strip()
    if written[:7].lower() == "mailto:":
        written = written[7:]
    if written.startswith("<") and written.endswith(">"):
        written = written[1:-1].strip()
    local, at, domain = written.rpartition("@")
    local = unicodedata.normalize("NFKC", local.lower())
    if not at or not local or len(local.encode()) > _LOCAL_PART_BYTES or any(_is_space(c) for c in written):
        raise NotAnIdentifier("no e-mail address")
    if "@" in local and not (local.startswith('"') and local.endswith('"')):
        raise NotAnIdentifier("no e-mail address")
    return f"{local}@{_domain(domain)}"


def _domain(domain: str) -> str:
    domain = domain.rstrip(".")
    if domain.isascii():
        ascii_domain = domain.lower()
    else:
        try:
            ascii_domain = idna.encode(domain, uts46=True).decode().lower()
        except idna.IDNAError as error:
            raise NotAnIdentifier("an e-mail address whose domain is no domain") from error
    labels = ascii_domain.split(".")
    if len(labels) < 2 or len(ascii_domain) > 253 or not all(_DOMAIN_LABEL.fullmatch(label) for label in labels):
        raise NotAnIdentifier("an e-mail address whose domain is no domain")
    return ascii_domain


def _name(value: str) -> str:
    # Unicode's caseless matching (The Unicode Standard, section 3.13, D146), then single spaces.
    folded = unicodedata.normalize("NFD", value).casefold()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())
    written = " ".join(folded.split())
    if not any(character.isalpha() for character in written):
        raise NotAnIdentifier("a name without a letter")
    return written


def _external_id(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    written = unicodedata.normalize("NFC", value)
    if any(unicodedata.category(character) == "Cc" for character in written):
        raise NotAnIdentifier("an external id with control characters")
    return written


def _is_space(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Zs", "Zl", "Zp"}
