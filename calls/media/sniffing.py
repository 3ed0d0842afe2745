"""What a recording is, told by its first bytes: the name and the declared type are only claims."""

NEEDED_BYTES = 16


def media_type(start: bytes) -> str | None:
    """The media type of the sound that starts like this, or None when it is no sound we know."""
    if start[:4] in (b"RIFF", b"RIFX") and start[8:12] == b"WAVE":
        return "audio/wav"
    if start[:4] == b"OggS":
        return "audio/ogg"
    if start[:4] == b"fLaC":
        return "audio/flac"
    if start[4:8] == b"ftyp":
        return "audio/mp4"
    if start[:4] == b"\x1aE\xdf\xa3":
        return "audio/webm"
    if start[:3] == b"ID3" or _is_mpeg_frame(start):
        return "audio/mpeg"
    return None


def _is_mpeg_frame(start: bytes) -> bool:
    """An MPEG audio frame header (ISO/IEC 11172-3, 2.4.2.3), layer III, no reserved value."""
    if len(start) < 4 or start[0] != 0xFF or start[1] & 0xE0 != 0xE0:
        return False
    version, layer = start[1] >> 3 & 0b11, start[1] >> 1 & 0b11
    bitrate, sampling = start[2] >> 4, start[2] >> 2 & 0b11
    return version != 0b01 and layer == 0b01 and bitrate not in (0, 0b1111) and sampling != 0b11
