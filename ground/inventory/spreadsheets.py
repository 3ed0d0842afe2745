"""CSV that people open in a spreadsheet: no cell of it may run.

A spreadsheet reads a cell that begins with = + - @ (or a tab or line end before them) as a formula. Text from outside
gets an apostrophe in front, which spreadsheets hide and programs can strip. Plain numbers stay numbers, and telephone
numbers keep a readable plus behind the apostrophe.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

_RISKY = re.compile(r"[\s\x00-\x1f\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
BOM = "\ufeff"  # so that spreadsheets read UTF-8


def safe_cell(value: object) -> str:
    """`value` as the text of one cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value).replace("\x00", "")
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if _runs(text.lstrip("'")) else text


def bare_cell(text: str) -> str:
    """What `safe_cell` made safe, as it was: without the apostrophe in front."""
    return text[1:] if text[:1] == "'" and _runs(text.lstrip("'")) else text


def _runs(text: str) -> bool:
    """Whether a spreadsheet may take the text for a formula, or trim it into one."""
    return _NUMBER.fullmatch(text) is None and (_RISKY.match(text) is not None or text[:1] in ("\t", "\r", "\n"))


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]], *, bom: bool = True) -> Iterator[str]:
    """One CSV line at a time (RFC 4180), every cell made safe: for a streaming answer."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)

    def line(cells: Iterable[object]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([safe_cell(cell) for cell in cells])
        return buffer.getvalue()

    yield (BOM if bom else "") + line(header)
    for row in rows:
        yield line(row)
