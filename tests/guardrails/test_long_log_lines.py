"""A log line takes no time worth mentioning and no room, whatever an error carries; and still names nobody."""

import time

import pytest

from config.logs import HEAD, TAIL, mask_personal, redact, shortened


@pytest.mark.parametrize("piece", ["x", "x ", "1", "+1 ", "a.", "@", "x@", "+1(", "x@y."])
def test_an_error_of_fifty_megabytes_does_not_hold_up_its_process(piece):
    text = piece * (50_000_000 // len(piece))
    began = time.process_time()
    event = mask_personal(None, "error", {"event": "failed", "exception": text})
    assert time.process_time() - began < 1
    assert len(event["exception"]) < 2 * (HEAD + TAIL)


def test_a_long_value_keeps_its_beginning_and_its_end():
    text = "Traceback: " + "-" * 100_000 + " ValueError: no"
    cut = shortened(text)
    assert cut.startswith("Traceback: ---")
    assert cut.endswith("--- ValueError: no")
    assert "characters left out" in cut
    assert shortened("short") == "short"


@pytest.mark.parametrize("word", ["+33 1 99 00 11 22", "+33199001122", "somebody.else@example.org"])
@pytest.mark.parametrize("at", [HEAD, -TAIL])
def test_no_half_of_a_number_or_an_address_is_left_at_a_cut(word, at):
    for shift in range(1, len(word)):
        filler = "|" * 40_000
        place = at - shift if at > 0 else len(filler) + at + shift - len(word)
        text = filler[:place] + word + filler[place:]
        cut = redact(shortened(text))
        assert set(cut.replace("[masked]", "")) <= set("| []characterslftou0123456789")
        for size in (4, 5):
            for start in range(len(word) - size + 1):
                assert word[start : start + size] not in cut


def test_addresses_and_numbers_are_masked_as_before():
    assert redact("call +1 (415) 555-0123 or ask a.b+c@mail.example.org now") == "call [masked] or ask [masked] now"
    assert redact("id 0192aaaa-0000-7000-8000-000000000001, 12345678, 123456789") == (
        "id 0192aaaa-0000-7000-8000-000000000001, 12345678, [masked]"
    )
