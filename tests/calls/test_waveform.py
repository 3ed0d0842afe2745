"""Peaks by known answers: every depth and coding, whatever the header looks like and wherever the pieces end."""

import pytest

from calls.media.sniffing import media_type
from calls.media.waveform import Waveform, WaveformReader

RATE = 1_000  # so that a peak stands for 20 frames
PCM, ALAW, MULAW, EXTENSIBLE = 1, 6, 7, 0xFFFE


def form(coding=PCM, channels=1, rate=RATE, bits=8, more=b""):
    frame = channels * bits // 8
    return b"".join(
        number.to_bytes(size, "little")
        for number, size in ((coding, 2), (channels, 2), (rate, 4), (rate * frame % 2**32, 4), (frame, 2), (bits, 2))
    ) + bytes(more)


def chunk(name, body):
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def wav(data, fmt=None, before=b"", after=b"", size=None):
    head = b"RIFF\xff\xff\xff\xffWAVE" + before + chunk(b"fmt ", form() if fmt is None else fmt)
    return head + b"data" + (len(data) if size is None else size).to_bytes(4, "little") + data + after


def measured(*pieces):
    reader = WaveformReader()
    for piece in pieces:
        reader.feed(piece)
    return reader.result()


def peaks(data, **options):
    return list(measured(wav(data, form(**options))).peaks)


@pytest.mark.parametrize(
    "bits, sample, loudness",
    [
        (8, b"\x80", 0),
        (8, b"\x81", 2),
        (8, b"\x7f", 2),
        (8, b"\xc0", 128),
        (8, b"\xff", 254),
        (8, b"\x00", 255),
        (16, (0).to_bytes(2, "little"), 0),
        (16, (127).to_bytes(2, "little"), 0),
        (16, (128).to_bytes(2, "little"), 1),
        (16, (16_384).to_bytes(2, "little"), 128),
        (16, (32_767).to_bytes(2, "little"), 255),
        (16, (-16_384).to_bytes(2, "little", signed=True), 128),
        (16, (-32_768).to_bytes(2, "little", signed=True), 255),
        (24, b"\xff\xff\x10", 32),
        (24, b"\xff\xff\x7f", 254),
        (24, b"\x00\x00\x80", 255),
        (32, b"\xff\xff\xff\x10", 32),
        (32, b"\x00\x00\x00\xf0", 32),
        (32, b"\xff\x7f\x7f\x00", 0),
    ],
)
def test_the_loudest_sample_in_every_depth(bits, sample, loudness):
    quiet = (b"\x80" if bits == 8 else b"\0") * (bits // 8)
    for place in (0, 7, 19):
        data = quiet * place + sample + quiet * (19 - place)
        assert peaks(data, bits=bits) == [loudness]


def loudness_by_g711(coding, code):
    """By the tables of ITU-T G.711: segments that double, 16 steps each; 14 and 13 bits of magnitude."""
    code = code ^ 0xFF if coding == MULAW else code ^ 0x55
    segment, step = code // 16 % 8, code % 16
    if coding == MULAW:
        magnitude = 4 * ((2 * step + 33) * 2**segment - 33)
    else:
        magnitude = 8 * ((2 * step + 1) if segment == 0 else (2 * step + 33) * 2 ** (segment - 1))
    return min(255, magnitude // 128)


@pytest.mark.parametrize("coding", [ALAW, MULAW])
def test_every_code_of_telephony(coding):
    data = b"".join(bytes([code]) * 20 for code in range(256))
    assert peaks(data, coding=coding) == [loudness_by_g711(coding, code) for code in range(256)]


@pytest.mark.parametrize("frames", [1, 19, 20, 21, 39, 40, 41])
def test_a_peak_stands_for_twenty_milliseconds_and_the_last_for_the_rest(frames):
    result = measured(wav(b"\xc0" * frames))
    assert result == Waveform(frames, b"\x80" * -(-frames // 20))


def test_a_peak_at_the_rate_of_telephony():
    assert peaks(b"\xff" * 160 + b"\x80" * 160 + b"\xff" * 160, rate=8_000) == [254, 0, 254]


def test_channels_are_heard_together():
    data = b"\x80\xff" * 20 + b"\x80\x80" * 20
    assert measured(wav(data, form(channels=2))) == Waveform(40, bytes([254, 0]))


def test_a_recording_that_breaks_off_is_measured_as_far_as_whole_peaks_go():
    assert measured(wav(b"\xff" * 50, size=60)) == Waveform(40, bytes([254, 254]))
    assert measured(wav(b"\xff" * 5, size=60)) is None


def test_what_follows_the_sound_is_not_heard():
    whole = wav(b"\x80" * 20, after=b"LIST\x04\0\0\0\xff\xff\xff\xff")
    for cut in range(len(whole)):
        assert measured(whole[:cut], whole[cut:]) == Waveform(20, b"\0")
    assert measured(wav(b"\x80" * 20), b"\xff" * 40, b"\xff" * 40) == Waveform(20, b"\0")


@pytest.mark.parametrize("before", [chunk(b"LIST", b"abc"), chunk(b"JUNK", b"abcd"), chunk(b"x", b"")[:0]])
def test_other_chunks_before_the_format_are_passed_over(before):
    assert measured(wav(b"\xc0" * 20, before=before)) == Waveform(20, b"\x80")
    whole = wav(b"\xc0" * 20, before=before)
    assert measured(*(whole[place : place + 1] for place in range(len(whole)))) == Waveform(20, b"\x80")


EXTENDED = b"\x16\0\x08\0\0\0\0\0"  # size of what follows, valid bits, speakers


@pytest.mark.parametrize(
    "fmt, known",
    [
        (form(), True),
        (form()[:15], False),
        (form(bits=12), False),
        (form(coding=3, bits=32), False),
        (form(coding=2), False),
        (form(coding=ALAW, bits=16), False),
        (form(coding=MULAW), True),
        (form(coding=PCM, more=EXTENDED + b"\x03\0" + bytes(14)), True),
        (form(coding=EXTENSIBLE, more=EXTENDED + b"\x01\0" + b"\x01" * 14), True),
        (form(coding=EXTENSIBLE, more=EXTENDED + b"\x01\0"), True),
        (form(coding=EXTENSIBLE, more=EXTENDED + b"\x01"), False),
        (form(coding=EXTENSIBLE, more=EXTENDED + b"\x03\0" + bytes(14)), False),
        (form(coding=EXTENSIBLE), False),
        (form(channels=0), False),
        (form(channels=8), True),
        (form(channels=9), False),
        (form(rate=999), False),
        (form(rate=1_000), True),
        (form(rate=384_000), True),
        (form(rate=384_001), False),
    ],
)
def test_forms_that_can_be_measured(fmt, known):
    assert (measured(wav(b"\xff" * 80_000, fmt)) is not None) is known


@pytest.mark.parametrize("start", [b"RIFF\0\0\0\0AVI ", b"RIFX\0\0\0\0WAVE"])
def test_what_began_as_something_else_stays_that(start):
    whole = wav(b"\xff" * 20)
    assert measured(whole) is not None
    assert measured(start + whole[12:]) is None
    assert measured(start, whole[12:]) is None
    assert measured(start + b"x" * 20, whole) is None


def test_an_unknown_form_is_not_overridden_by_a_second_one():
    second = chunk(b"fmt ", form(bits=12)) + chunk(b"fmt ", form())
    assert measured(wav(b"\xff" * 20, before=second)) is None
    whole = wav(b"\xff" * 20, before=second)
    assert measured(whole[:40], whole[40:]) is None


def test_sound_without_a_form_is_not_measured_even_when_one_follows():
    whole = b"RIFF\0\0\0\0WAVE" + chunk(b"data", b"\xff" * 20)
    assert measured(whole, wav(b"\xff" * 20)) is None


def test_a_header_takes_at_most_a_mebibyte():
    junk = chunk(b"JUNK", bytes(1024 * 1024))
    whole = wav(b"\xff" * 20, before=junk)
    mebibyte = 1024 * 1024
    assert measured(whole[:mebibyte], whole[mebibyte:]) == Waveform(20, b"\xfe")
    assert measured(whole[: mebibyte + 1], whole[mebibyte + 1 :]) is None


def test_pieces_pass_unchanged_while_they_are_measured():
    whole = wav(b"\xff" * 20)
    reader = WaveformReader()
    pieces = [whole[:30], whole[30:]]
    assert list(reader.watch(pieces)) == pieces
    assert reader.result() == Waveform(20, b"\xfe")


@pytest.mark.parametrize("blocks", [399, 400, 401, 800, 1_001])
def test_at_most_400_peaks_each_the_loudest_of_its_stretch(blocks):
    levels = [number % 120 for number in range(blocks)]
    data = b"".join(bytes([128 + level]) * 20 for level in levels)
    found = peaks(data)
    assert len(found) == min(blocks, 400)
    assert max(found) == 2 * max(levels)
    if blocks <= 400:
        assert found == [2 * level for level in levels]
    else:
        shown = [2 * max(levels[n * blocks // 400 : (n + 1) * blocks // 400]) for n in range(400)]
        assert found == shown


# ------------------------------------------------------------------ what a recording is
def test_an_mpeg_frame_is_told_by_its_bits():
    """ISO/IEC 11172-3, 2.4.2.3: eleven set bits, a version, layer III, a bit rate, a sampling rate."""
    for second in range(256):
        for third in range(256):
            bits = f"{second:08b}{third:08b}"
            frame = (
                bits[:3] == "111"
                and bits[3:5] != "01"
                and bits[5:7] == "01"
                and bits[8:12] not in ("0000", "1111")
                and bits[12:14] != "11"
            )
            assert (media_type(bytes([0xFF, second, third, 0])) == "audio/mpeg") is frame, bits


def test_half_a_frame_header_is_none():
    assert media_type(b"\xff\xfb\x90") is None
    assert media_type(b"\xff\xfb\x90\x00") == "audio/mpeg"
    assert media_type(b"\xfe\xfb\x90\x00") is None


@pytest.mark.parametrize(
    "start, kind",
    [
        (b"RIFF\0\0\0\0WAVE", "audio/wav"),
        (b"RIFX\0\0\0\0WAVE", "audio/wav"),
        (b"RIFF\0\0\0\0WEBP", None),
        (b"RIFE\0\0\0\0WAVE", None),
        (b"OggS", "audio/ogg"),
        (b"Oggs", None),
        (b"fLaC", "audio/flac"),
        (b"flac", None),
        (b"\0\0\0\x18ftypisom", "audio/mp4"),
        (b"\0\0\0ftypisom", None),
        (b"\x1aE\xdf\xa3", "audio/webm"),
        (b"\x1aE\xdf\xa4", None),
        (b"ID3", "audio/mpeg"),
        (b"ID4", None),
    ],
)
def test_marks_stand_where_they_must(start, kind):
    assert media_type(start) == kind


@pytest.mark.parametrize(
    "start, kind",
    [
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"OggS\0\x02", "audio/ogg"),
        (b"fLaC\0\0", "audio/flac"),
        (b"\x1aE\xdf\xa3\x01", "audio/webm"),
        (b"ID3\x04\0", "audio/mpeg"),
    ],
)
def test_what_follows_the_mark_does_not_matter(start, kind):
    assert media_type(start) == kind


def test_a_long_recording_is_told_to_the_millisecond():
    assert measured(wav(b"\x80" * 8_000 * 90, form(rate=8_000))).duration_ms == 90_000
    assert measured(wav(b"\x80" * 12_345)).duration_ms == 12_345


def test_half_a_frame_at_the_end_is_not_heard():
    assert measured(wav(b"\0\x40" * 20 + b"\xff", form(bits=16))) == Waveform(20, b"\x80")
    assert measured(wav(b"\0\x40" * 21 + b"\xff", form(bits=16))) == Waveform(21, b"\x80\x80")
