"""The root on paper: comes back exactly, names the mistyped line, says why KMS has nothing to escrow."""

import pytest
from django.core.management import CommandError, call_command

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
