"""Translations: compiled as written, placeholders intact, nothing left half done."""

import re

import polib
import pytest

from scripts.messages import LANGUAGES, catalogue

_PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}")


def placeholders(text):
    return sorted(set(_PLACEHOLDER.findall(text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_says_what_its_source_says(language):
    source = catalogue(language)
    written = {(entry.msgctxt, entry.msgid): entry.msgstr or entry.msgstr_plural for entry in polib.pofile(str(source))}
    compiled = polib.mofile(str(source.with_suffix(".mo")))
    assert {(entry.msgctxt, entry.msgid): entry.msgstr or entry.msgstr_plural for entry in compiled} == written


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_keeps_the_placeholders(language):
    for entry in polib.pofile(str(catalogue(language))):
        allowed = {tuple(placeholders(entry.msgid)), tuple(placeholders(entry.msgid_plural or entry.msgid))}
        for text in [entry.msgstr] if not entry.msgid_plural else entry.msgstr_plural.values():
            assert tuple(placeholders(text)) in allowed, entry.msgid


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_untranslated_or_uncertain(language):
    source = polib.pofile(str(catalogue(language)))
    assert [entry.msgid for entry in source.untranslated_entries() + source.fuzzy_entries()] == []
