"""The pure modules, and the tests of each. Of the files named, only tests that need no server are run."""

_CLOCKS = (
    "tests/ground/test_clocks.py",
    "tests/ground/test_clocks_periods.py",
    "tests/ground/test_clocks_statutory.py",
)
_PROFILES = ("tests/ground/test_profiles.py", "tests/ground/test_clocks_periods.py")
_EVENTS = ("tests/calls/test_reading_events.py",)

MODULES: dict[str, tuple[str, ...]] = {
    "ground/clocks/calendars.py": _CLOCKS,
    "ground/clocks/calling.py": _CLOCKS,
    "ground/clocks/durations.py": _CLOCKS,
    "ground/clocks/periods.py": _CLOCKS,
    "ground/clocks/regimes.py": _CLOCKS,
    "ground/clocks/statutory.py": _CLOCKS,
    "ground/profiles/loader.py": _PROFILES,
    "ground/profiles/period.py": _PROFILES,
    "ground/profiles/reading.py": _PROFILES,
    "ground/profiles/schema.py": _PROFILES,
    "ground/audit/chain.py": ("tests/ground/audit/test_chain.py",),
    "ground/audit/merkle.py": ("tests/ground/audit/test_merkle.py",),
    "ground/audit/payload.py": ("tests/ground/audit/test_payload.py",),
    "ground/audit/walk.py": ("tests/ground/audit/test_walk.py",),
    "ground/vault/canonical.py": ("tests/ground/vault/test_canonical.py",),
    "ground/vault/identifiers.py": ("tests/ground/vault/test_identifiers.py",),
    "ground/vault/journal/entries.py": ("tests/ground/vault/test_entries.py",),
    "ground/vault/sealing.py": ("tests/ground/vault/test_sealing.py", "tests/ground/vault/test_layouts.py"),
    "ground/vault/statements.py": ("tests/ground/vault/test_statements.py",),
    "ground/vault/stream.py": ("tests/ground/vault/test_stream.py", "tests/ground/vault/test_layouts.py"),
    "calls/life.py": ("tests/calls/test_life.py",),
    "calls/media/addresses.py": ("tests/calls/test_media.py",),
    "calls/media/sniffing.py": ("tests/calls/test_media.py",),
    "calls/media/waveform.py": ("tests/calls/test_media.py",),
    "calls/record/form.py": _EVENTS,
    "calls/record/merging.py": ("tests/calls/test_merging.py",),
    "calls/record/problems.py": _EVENTS,
    "calls/record/sense.py": _EVENTS,
    "calls/record/shapes.py": _EVENTS,
    "calls/providers/standard.py": ("tests/calls/test_verifying.py",),
    "contacts/masking.py": ("tests/contacts/test_masking.py",),
    "contacts/parsing.py": ("tests/contacts/test_parsing.py",),
    "contacts/life.py": ("tests/contacts/test_life.py",),
}
