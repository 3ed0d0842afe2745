import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import parsing
from ground.inventory.spreadsheets import bare_cell, csv_lines, safe_cell


@pytest.mark.parametrize(
    "cell,safe",
    [
        ("=1+1", "'=1+1"),
        ("+33612345642", "'+33612345642"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r\n=1", "'\r\n=1"),
        (" =1", "' =1"),
        ("\u200b=1", "'\u200b=1"),
        ("＝1", "'＝1"),
        ("|cmd", "'|cmd"),
        ("-5", "-5"),
        ("-5.25", "-5.25"),
        (12, "12"),
        (None, ""),
        ("plain", "plain"),
        ("a=b", "a=b"),
        ("nul\x00", "nul"),
    ],
)
def test_cells_run_nothing(cell, safe):
    assert safe_cell(cell) == safe


def test_lines_are_quoted_and_start_with_a_mark():
    assert list(csv_lines(["a", "b"], [['x"y', "1\n2"]])) == ["\ufeffa,b\r\n", '"x""y","1\n2"\r\n']


@given(st.text() | st.text(alphabet="'=+-@|%\t 5.a\uff1d"))
def test_our_own_export_comes_back_unchanged(text):
    safe = safe_cell(text)
    assert bare_cell(safe) == text.replace("\x00", "")
    assert safe_cell(bare_cell(safe)) == safe


def test_broken_quotes_end_somewhere():
    content = b'name,phone\n"open quote,+33612345642\nA,+33612345643\n' + b"x,y\n" * 40_000
    rows = list(parsing.rows_of([content], encoding="utf-8", delimiter=","))
    assert any(row.cells is None for row in rows)


def test_rows_split_anywhere_read_the_same():
    content = 'naïve,phone\r\n"a\nb",1\r\n\r\nc,2'.encode()
    whole = list(parsing.rows_of([content], encoding="utf-8", delimiter=","))
    for size in (1, 2, 3, 7):
        pieces = [content[start : start + size] for start in range(0, len(content), size)]
        assert list(parsing.rows_of(pieces, encoding="utf-8", delimiter=",")) == whole
    assert [row.cells for row in whole] == [["naïve", "phone"], ["a\nb", "1"], ["c", "2"]]
