"""The root on paper: comes back exactly, names the mistyped line, says why KMS has nothing to escrow."""

import getpass
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import CommandError, call_command

from ground import vault
from ground.vault import escrow, keystore
from ground.vault.exceptions import EscrowDamaged, NothingToEscrow

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def paper(vault_home):
    keystore.store()
    return escrow.export(PASSPHRASE)


def test_the_root_comes_back_exactly(paper, settings, tmp_path):
    again = escrow.import_root(paper, PASSPHRASE, tmp_path / "again" / "root.key")
    assert (tmp_path / "again" / "root.key").read_bytes() == settings.ROOT_KEY_FILE.read_bytes()
    assert again.name == keystore.store().root.name
    assert (tmp_path / "again" / "root.key").stat().st_mode & 0o777 == 0o600


def test_the_paper_can_be_typed_back_by_hand(paper, tmp_path):
    typed = paper.lower().replace("----- begin sottovoce root key in escrow -----", escrow._BEGIN)
    typed = typed.replace("----- end sottovoce root key in escrow -----", escrow._END)
    for name in ("Root:", "Made:", "Check:"):
        typed = typed.replace(name.lower(), name)
    typed = "\n\n".join(f"   {line}  " for line in typed.splitlines())
    assert escrow.import_root(typed, PASSPHRASE, tmp_path / "root.key")


def test_a_mistyped_line_is_named(paper, tmp_path):
    lines = paper.splitlines()
    place = next(number for number, line in enumerate(lines) if line.strip().startswith("3 "))
    letter = lines[place][6]
    lines[place] = lines[place][:6] + ("A" if letter != "A" else "B") + lines[place][7:]
    with pytest.raises(EscrowDamaged, match="line 3"):
        escrow.import_root("\n".join(lines), PASSPHRASE, tmp_path / "root.key")
    assert not (tmp_path / "root.key").exists()


@pytest.mark.parametrize("spoil", [lambda lines: lines[:6] + lines[7:], lambda lines: lines[:-1], lambda lines: []])
def test_missing_lines_are_noticed(paper, spoil, tmp_path):
    with pytest.raises(EscrowDamaged):
        escrow.import_root("\n".join(spoil(paper.splitlines())), PASSPHRASE, tmp_path / "root.key")


def test_another_passphrase_or_another_name_opens_nothing(paper, tmp_path):
    with pytest.raises(EscrowDamaged, match="passphrase"):
        escrow.import_root(paper, PASSPHRASE + "!", tmp_path / "root.key")
    with pytest.raises(EscrowDamaged):
        escrow.import_root(paper.replace("Root: file:", "Root: file:0"), PASSPHRASE, tmp_path / "root.key")


def test_a_weak_passphrase_and_an_existing_root_are_refused(paper, settings):
    with pytest.raises(ValueError, match="16 characters"):
        escrow.export("short")
    with pytest.raises(FileExistsError):
        escrow.import_root(paper, PASSPHRASE, settings.ROOT_KEY_FILE)


def test_kms_says_why_there_is_nothing_to_escrow(settings, vault_home):
    settings.KMS_KEY_ID = "alias/sottovoce"
    with pytest.raises(NothingToEscrow, match="never leaves"):
        escrow.export(PASSPHRASE)
    with pytest.raises(CommandError, match="alias/sottovoce"):
        call_command("escrow_root")


def test_the_command_prints_and_restores(vault_home, settings, capsys, tmp_path):
    keystore.store()
    secret = settings.ROOT_KEY_FILE.read_bytes()
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    call_command("escrow_root", passphrase_file=tmp_path / "passphrase")
    (tmp_path / "paper").write_text(capsys.readouterr().out)
    assert secret.split()[1] not in (tmp_path / "paper").read_bytes()
    settings.ROOT_KEY_FILE.unlink()
    call_command("escrow_root", restore=tmp_path / "paper", passphrase_file=tmp_path / "passphrase")
    assert settings.ROOT_KEY_FILE.read_bytes() == secret
    with pytest.raises(CommandError, match="already"):
        call_command("escrow_root", restore=tmp_path / "paper", passphrase_file=tmp_path / "passphrase")


def paper_of(secret, *, root, passphrase=PASSPHRASE):
    """The text of a root key, printed as if it were `root`."""
    salt, nonce = os.urandom(escrow._SALT_BYTES), os.urandom(12)
    sealed = AESGCM(escrow._stretch(passphrase, salt)).encrypt(nonce, secret, escrow._context(root, "2026-11-22"))
    return escrow._print(escrow._Paper(root, "2026-11-22", salt + nonce + sealed))


def test_a_text_that_holds_another_root_than_it_says_is_refused(tmp_path):
    path = tmp_path / "back.key"
    with pytest.raises(EscrowDamaged, match="the text says file:another but holds file:"):
        escrow.import_root(paper_of(os.urandom(32), root="file:another"), PASSPHRASE, path)
    assert not path.exists()


def test_lines_that_are_missing_and_letters_that_are_cut_are_told(tmp_path):
    text = paper_of(os.urandom(32), root="file:ours")
    lines = text.splitlines()
    last = next(line for line in reversed(lines) if line[:2].strip().isdigit())
    for damaged in (
        "\n".join(line for line in lines if line != last),
        "\n".join(line for line in lines if not line.startswith("Made")),
    ):
        with pytest.raises(EscrowDamaged, match="a line is missing"):
            escrow.import_root(damaged, PASSPHRASE, tmp_path / "back.key")
    letters = "A"  # one letter alone is no byte
    cut = [escrow._BEGIN, "Root: file:ours", "Made: 2026-11-22", f"Check: {escrow._whole(letters)}"]
    cut += [f" 1  {letters}   {escrow._check(1, letters)}", escrow._END]
    with pytest.raises(EscrowDamaged, match="the text is cut"):
        escrow.import_root("\n".join(cut), PASSPHRASE, tmp_path / "back.key")


def test_what_does_not_open_again_is_never_printed(monkeypatch):
    keystore.store()
    monkeypatch.setattr(escrow, "_open", lambda paper, passphrase: b"something else")
    with pytest.raises(EscrowDamaged, match="nothing was exported"):
        escrow.export(PASSPHRASE)


def test_the_passphrase_is_asked_twice_and_must_be_the_same(monkeypatch, capsys):
    keystore.store()
    said = iter([PASSPHRASE, "another one entirely", PASSPHRASE, PASSPHRASE])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(said))
    with pytest.raises(CommandError, match="not the same"):
        call_command("escrow_root")
    assert capsys.readouterr().out == ""
    call_command("escrow_root")
    assert escrow._BEGIN in capsys.readouterr().out


def test_a_key_store_that_cannot_be_repaired_is_said(settings, tmp_path):
    broken = tmp_path / "a file"
    broken.write_text("no folder")
    keystore.store()
    settings.KEYSTORE_MIRROR_PATH = broken / "below"
    vault.forget_everything()
    with pytest.raises(CommandError, match="KeyStore"):
        call_command("repair_keystore")
