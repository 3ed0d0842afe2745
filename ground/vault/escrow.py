"""The root key on paper: sealed under a passphrase, printable, typed back by hand if it must be.

scrypt (RFC 7914) makes the passphrase a key, AES-256-GCM seals the root; what is printed is base32 in groups of four,
each line with a check of its own, so that a mistyped line is named. Paper and passphrase lie in different places.
With AWS KMS there is nothing to escrow: the root never leaves it.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings

from ground.vault.exceptions import EscrowDamaged, NothingToEscrow
from ground.vault.root import FileRoot
from ground.vault.sealing import KEY_BYTES, NONCE_BYTES, bound_context

SHORTEST_PASSPHRASE = 16
_BEGIN, _END = "----- BEGIN SOTTOVOCE ROOT KEY IN ESCROW -----", "----- END SOTTOVOCE ROOT KEY IN ESCROW -----"
_SALT_BYTES = 16
_COST = 2**17  # 128 MiB and about half a second: once in years for us, every guess for a thief
_GROUPS_A_LINE, _GROUP = 6, 4


@dataclass(frozen=True, slots=True)
class _Paper:
    root: str
    made_on: str
    sealed: bytes


def export(passphrase: str) -> str:
    """The root of the settings, sealed and ready to print. NothingToEscrow with KMS."""
    if settings.KMS_KEY_ID:
        raise NothingToEscrow(
            f"the root key is {settings.KMS_KEY_ID} in AWS KMS and never leaves it: protect it there "
            "(deletion window, multi-Region replica, who may schedule its deletion)"
        )
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise ValueError(f"the passphrase needs at least {SHORTEST_PASSPHRASE} characters: it is all that protects it")
    root = FileRoot.open(Path(settings.ROOT_KEY_FILE))
    made_on = datetime.now(UTC).date().isoformat()
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(NONCE_BYTES)
    sealed = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, root.escrow_secret(), _context(root.name, made_on))
    text = _print(_Paper(root.name, made_on, salt + nonce + sealed))
    if _open(_parse(text), passphrase) != root.escrow_secret():
        raise EscrowDamaged("what was sealed does not open again; nothing was exported")
    return text


def import_root(text: str, passphrase: str, path: Path) -> FileRoot:
    """Write the root back to `path`, which must not exist. EscrowDamaged names the mistyped line."""
    paper = _parse(text)
    secret = _open(paper, passphrase)
    if FileRoot(secret).name != paper.root:
        raise EscrowDamaged(f"the text says {paper.root} but holds {FileRoot(secret).name}")
    if path.exists():
        raise FileExistsError(f"there is a root key at {path} already; move it away first if it is the wrong one")
    return FileRoot.keep(path, secret)


def _print(paper: _Paper) -> str:
    letters = base64.b32encode(paper.sealed).decode().rstrip("=")
    width = _GROUPS_A_LINE * _GROUP
    lines = [letters[start : start + width] for start in range(0, len(letters), width)]
    body = [f"{number:>2}  {_grouped(line)}   {_check(number, line)}" for number, line in enumerate(lines, start=1)]
    head = [_BEGIN, f"Root: {paper.root}", f"Made: {paper.made_on}", f"Check: {_whole(letters)}", ""]
    return "\n".join([*head, *body, _END]) + "\n"


def _parse(text: str) -> _Paper:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if _BEGIN not in lines or _END not in lines:
        raise EscrowDamaged(f"the text must begin with the line {_BEGIN!r} and end with {_END!r}")
    inside = lines[lines.index(_BEGIN) + 1 : lines.index(_END)]
    named = {name: value.strip() for name, _, value in (line.partition(":") for line in inside) if value}
    letters = "".join(
        _letters(line, number) for number, line in enumerate((one for one in inside if one[0].isdigit()), start=1)
    )
    if not {"Root", "Made", "Check"} <= named.keys() or named["Check"] != _whole(letters):
        raise EscrowDamaged("a line is missing, or lines are not in their order")
    try:
        sealed = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        raise EscrowDamaged("the text is cut") from None
    return _Paper(named["Root"], named["Made"], sealed)


def _letters(line: str, number: int) -> str:
    words = line.upper().replace("0", "O").replace("1", "I").replace("8", "B").split()[1:]
    letters = "".join(words[:-1])
    if not words or _check(number, letters) != words[-1]:
        raise EscrowDamaged(f"line {number} was mistyped")
    return letters


def _open(paper: _Paper, passphrase: str) -> bytes:
    salt, rest = paper.sealed[:_SALT_BYTES], paper.sealed[_SALT_BYTES:]
    try:
        return AESGCM(_stretch(passphrase, salt)).decrypt(
            rest[:NONCE_BYTES], rest[NONCE_BYTES:], _context(paper.root, paper.made_on)
        )
    except (InvalidTag, ValueError):
        raise EscrowDamaged("another passphrase sealed this text, or its first lines were altered") from None


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, n=_COST, r=8, p=1).derive(passphrase.encode())


def _context(root: str, made_on: str) -> bytes:
    return bound_context("escrow", 1, root, made_on)


def _grouped(line: str) -> str:
    return " ".join(line[start : start + _GROUP] for start in range(0, len(line), _GROUP))


def _check(number: int, line: str) -> str:
    return base64.b32encode(hashlib.sha256(f"{number} {line}".encode()).digest()).decode()[:_GROUP]


def _whole(letters: str) -> str:
    return hashlib.sha256(letters.encode()).hexdigest()[:8]
