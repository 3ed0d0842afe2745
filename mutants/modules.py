"""The pure modules, and the tests of each. Of the files named, only tests that need no server are run.

`path::name,name`: only these functions and classes of a module whose others ask a database.
"""

_CLOCKS = (
    "tests/ground/test_clocks.py",
    "tests/ground/test_clocks_periods.py",
    "tests/ground/test_clocks_statutory.py",
)
_PROFILES = ("tests/ground/test_profiles.py", "tests/ground/test_clocks_periods.py")
_ARITHMETIC = ("tests/retention/test_arithmetic.py",)
_LISTS = ("tests/accounts/test_cursors.py",)
_RECORDS = ("tests/calls/test_records.py", "tests/calls/test_merging.py")

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
    "ground/vault/digests.py": ("tests/ground/vault/test_digests.py",),
    "ground/vault/identifiers.py": ("tests/ground/vault/test_identifiers.py",),
    "ground/vault/journal/entries.py": ("tests/ground/vault/test_entries.py",),
    "ground/vault/sealing.py": ("tests/ground/vault/test_sealing.py", "tests/ground/vault/test_layouts.py"),
    "ground/vault/statements.py": ("tests/ground/vault/test_statements.py",),
    "ground/vault/stream.py": ("tests/ground/vault/test_stream.py", "tests/ground/vault/test_layouts.py"),
    "calls/life.py": ("tests/calls/test_life.py",),
    "calls/media/addresses.py": ("tests/calls/test_addresses.py",),
    "calls/media/sniffing.py": ("tests/calls/test_waveform.py",),
    "calls/media/waveform.py": ("tests/calls/test_waveform.py",),
    "calls/record/form.py": _RECORDS,
    "calls/record/merging.py": _RECORDS,
    "calls/record/problems.py": _RECORDS,
    "calls/record/sense.py": _RECORDS,
    "calls/record/shapes.py": _RECORDS,
    "calls/providers/standard.py": ("tests/calls/test_standard.py",),
    "calls/vcon.py": ("tests/calls/test_vcon.py",),
    "calls/wave.py": ("tests/calls/test_vcon.py",),
    "contacts/masking.py": ("tests/contacts/test_masking.py",),
    "contacts/parsing.py": ("tests/contacts/test_shapes.py", "tests/contacts/test_parsing.py"),
    "contacts/life.py": ("tests/contacts/test_life.py",),
    "accounts/api/problems.py": ("tests/accounts/test_problems.py",),
    "accounts/bands.py::leaves_soon,leaves_at": _ARITHMETIC,
    "accounts/lifeline.py": _ARITHMETIC,
    "accounts/lists/filters.py": _LISTS,
    "accounts/lists/keyset.py::Order,cursor_of,read_cursor,_value": _LISTS,
    "retention/chart.py": _ARITHMETIC,
    "retention/forecast.py::Week,Forecast,leaves_on,plan_of": _ARITHMETIC,
    "retention/periods.py::_effective,_stored,_zero_is_meant,_shorter_agents": _ARITHMETIC,
    "retention/proof.py::claim,not_yet,limits,remains,reasons,totals,spaced": _ARITHMETIC,
    "retention/services/certificates.py::destroyed,_earliest,_limits": _ARITHMETIC,
    "retention/services/guard.py::Verdict": _ARITHMETIC,
    "retention/words.py": _ARITHMETIC,
}
