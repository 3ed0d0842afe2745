"""Reading strangers' files at every edge: encodings, delimiters, bounds, headings, rows. Pure."""

import codecs

import pytest

from contacts import parsing
from contacts.exceptions import ImportRefused
from contacts.parsing import Row, Shape, checked_mapping, guessed_mapping, parsed, rows_of, shape_of
from ground.inventory.spreadsheets import bare_cell


def refused(content):
    with pytest.raises(ImportRefused) as refusal:
        shape_of(content)
    return refusal.value.reason


def read(content, delimiter=","):
    return list(rows_of([content], encoding="utf-8", delimiter=delimiter))


# ------------------------------------------------------------------ the shape of a file
def test_a_file_with_a_header():
    content = b"name;phone\nAda;+331\nBo;+332\n\nCy;+333\nDi;+334\n"
    sample = [["Ada", "+331"], ["Bo", "+332"], ["Cy", "+333"]]
    assert shape_of(content) == Shape("utf-8-sig", ";", True, ["name", "phone"], sample, 4)


@pytest.mark.parametrize("first", ["Ada,+33612345642", "Ada,ada@example.org", "Ada,(0151) 23-45"])
def test_a_file_without_a_header_is_data_from_its_first_row(first):
    found = shape_of(f"{first}\nBo,x\nCy,x\nDi,x\n".encode())
    assert found == Shape("utf-8-sig", ",", False, first.split(","), [first.split(","), ["Bo", "x"], ["Cy", "x"]], 4)


@pytest.mark.parametrize("cell", ["12345", "ada@example", "2026 plan", " "])
def test_a_heading_may_hold_a_few_digits(cell):
    assert shape_of(f"name,{cell}\nAda,1\n".encode()).has_header


@pytest.mark.parametrize(
    "content, encoding, cell",
    [
        ("naïve,b\n".encode(), "utf-8-sig", "naïve"),
        (codecs.BOM_UTF8 + "naïve,b\n".encode(), "utf-8-sig", "naïve"),
        ("naïve,b\n".encode("cp1252"), "cp1252", "naïve"),
        (codecs.BOM_UTF16_LE + "naïve,b\n".encode("utf-16-le"), "utf-16", "naïve"),
        (codecs.BOM_UTF16_BE + "naïve,b\n".encode("utf-16-be"), "utf-16", "naïve"),
    ],
)
def test_the_encoding_is_found(content, encoding, cell):
    found = shape_of(content)
    assert (found.encoding, found.header[0]) == (encoding, cell)


def test_a_file_in_no_encoding_is_refused():
    assert refused(codecs.BOM_UTF16_LE + b"a\0b") == "encoding"
    assert refused(b"name\n\x81\x8d\n") == "encoding"  # two bytes that neither UTF-8 nor Windows-1252 knows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_mark_most_frequent_in_the_first_line(delimiter):
    others = "".join(mark for mark in ",;\t|" if mark != delimiter)
    found = shape_of(f"a{delimiter}b{delimiter}c{others}\n{others * 9}\n".encode())
    assert found.delimiter == delimiter


def test_only_the_first_line_tells_the_delimiter():
    assert shape_of(b"a;b\n1,2,3,4;5\n").delimiter == ";"
    assert shape_of(b"name\nAda\n").delimiter == ","


@pytest.mark.parametrize("content", [b"", b" \r\n\t\0", codecs.BOM_UTF8, b",,\n", b"\n\n ,\n"])
def test_an_empty_file_is_refused(content):
    assert refused(content) == "empty"


def test_a_file_may_be_as_large_as_said_and_no_larger(monkeypatch):
    content = b"name\nAda\n"
    monkeypatch.setattr(parsing, "FILE_BYTES_AT_MOST", len(content))
    assert shape_of(content).rows == 1
    assert refused(content + b"\n") == "too_large"


def test_as_many_rows_as_said_beside_the_header(monkeypatch):
    monkeypatch.setattr(parsing, "ROWS_AT_MOST", 2)
    assert shape_of(b"name\na\nb\n").rows == 2
    assert refused(b"name\na\nb\nc\n") == "too_many_rows"


def test_a_hundred_columns_and_no_more():
    assert len(shape_of(b",".join([b"x"] * 100)).header) == 100
    assert refused(b",".join([b"x"] * 101)) == "too_many_columns"


def test_a_row_that_cannot_be_read_is_counted_and_not_shown():
    wide = b",".join([b"x"] * 101)
    found = shape_of(b"name\n" + wide + b"\nAda\n")
    assert (found.rows, found.sample) == (2, [["Ada"]])


# ------------------------------------------------------------------ rows
def test_rows_are_numbered_as_a_spreadsheet_does_without_the_blank_ones():
    assert read(b"a,b\n\n , \n1,2\n") == [Row(1, ["a", "b"]), Row(2, ["1", "2"])]
    assert read(b"") == []


def test_a_cell_has_at_most_20000_characters():
    assert read(b"x" * 20_000) == [Row(1, ["x" * 20_000])]
    assert read(b"a\n" + b"x" * 20_001 + b"\nb") == [Row(1, ["a"]), Row(2, None), Row(3, ["b"])]


def test_a_row_has_at_most_100_cells():
    assert read(b"," * 99 + b"x")[0].cells == [""] * 99 + ["x"]
    assert read(b"," * 100 + b"x") == [Row(1, None)]


def test_a_row_that_csv_cannot_read_is_counted_and_the_next_ones_are_read():
    long = b"y" * 140_000  # more than the csv module takes in a field
    found = read(b"a\n" + long + b"\nb\n")
    assert found[0] == Row(1, ["a"])
    assert found[1] == Row(2, None)
    assert found[-1].cells == ["b"]
    assert found[-1].number == len(found)


# ------------------------------------------------------------------ columns
@pytest.mark.parametrize(
    "header, mapping",
    [
        (["Name", "Phone Number", "E-Mail"], {"0": "name", "1": "phone", "2": "email"}),
        (["Prénom", "Nom", "Téléphone"], {"0": "first_name", "1": "last_name", "2": "phone"}),
        (["Vorname", "Nachname", "Handy 2", "Tel"], {"0": "first_name", "1": "last_name", "2": "phone", "3": "phone"}),
        (["Nachname", "x"], {"0": "name"}),
        (["Nachname", "Name"], {"0": "last_name", "1": "name"}),
        (["name", "full_name", "EMAILS", "mail"], {"0": "name", "2": "email", "3": "email"}),
        (["Customer ID", "Notes", "Lang"], {"0": "external_id", "1": "note", "2": "language"}),
        (["Opt-in", "Name"], {"0": "consent_reference", "1": "name"}),
        (["ref", "id"], {"0": "external_id"}),
        (["colour", ""], {}),
    ],
)
def test_columns_are_guessed_from_their_headings(header, mapping):
    assert guessed_mapping(header) == mapping


def test_a_mapping_that_can_be_used_is_kept():
    assert checked_mapping({"0": "name", "01": "phone", "2": "phone", "3": "", "x": "note"}, 3) == {
        "0": "name",
        "1": "phone",
        "2": "phone",
    }


@pytest.mark.parametrize("name", ["name", "first_name", "last_name", "phone", "email", "external_id"])
def test_one_column_that_identifies_is_enough(name):
    assert checked_mapping({"0": name}, 1) == {"0": name}


@pytest.mark.parametrize(
    "mapping, reason",
    [
        ({"0": "colour"}, "unknown_field"),
        ({"3": "name"}, "unknown_field"),
        ({"0": "name", "1": "name"}, "field_twice"),
        ({"0": "note"}, "nothing_identifies"),
        ({}, "nothing_identifies"),
        ({"x": "name"}, "nothing_identifies"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(mapping, reason):
    with pytest.raises(ImportRefused) as refusal:
        checked_mapping(mapping, 3)
    assert refusal.value.reason == reason


# ------------------------------------------------------------------ persons
def person(cells, mapping, region=None):
    return parsed(Row(7, cells), mapping, region=region, legal_basis="contract")


ALL = {"0": "name", "1": "phone", "2": "phone", "3": "email", "4": "external_id", "5": "note", "6": "language"}


def test_a_row_becomes_a_person():
    found = person(["Ada", "'+33612345642", "0612345643", "ada@example.org", "C-7", "hello", "fr"], ALL, "FR")
    assert (found.number, found.problems) == (7, [])
    details = found.incoming.details
    assert (details.name, details.external_id, details.note) == ("Ada", "C-7", "hello")
    assert details.phones == ("+33612345642", "+33612345643")
    assert details.emails == ("ada@example.org",)
    assert (found.incoming.legal_basis, found.incoming.language) == ("contract", "fr")


def test_first_and_last_name_make_a_name():
    mapping = {"0": "first_name", "1": "last_name"}
    assert person(["Ada", "Byron"], mapping).incoming.details.name == "Ada Byron"
    assert person(["", "Byron"], mapping).incoming.details.name == "Byron"
    assert person(["Ada"], mapping).incoming.details.name == "Ada", "a short row lacks its last cells"


def test_problems_name_fields_and_codes_never_values():
    found = person(["", "nonsense", "", "", "", "", ""], ALL)
    assert found.incoming is None
    assert found.problems
    assert "nonsense" not in str(found.problems)
    found = person(["Ada", "", "", "", "", "", "Klingon!"], ALL)
    assert found.problems == [("language", "invalid")]
    assert person(["  "] * 7, ALL).problems == [("", "empty")]


def test_a_row_that_cannot_be_read_is_no_person():
    found = parsed(Row(9, None), ALL, region=None, legal_basis="")
    assert (found.number, found.incoming, found.problems) == (9, None, [("", "unreadable")])


@pytest.mark.parametrize("cell, bare", [("'=x", "=x"), ("'@b", "@b"), ("'x", "'x"), ("=x", "=x"), ("'", "'"), ("", "")])
def test_the_apostrophe_before_a_formula_is_taken_off(cell, bare):
    assert bare_cell(cell) == bare
