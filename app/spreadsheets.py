"""CSV for spreadsheet programs: readable by Excel, and without a cell that it would run."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

RUNS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may take for a formula (OWASP)


def safe_cell(value: object) -> str:
    """The value as text; one that a spreadsheet would calculate is made plain by an apostrophe."""
    text = "" if value is None else str(value)
    if text.startswith(RUNS) and not _is_number(text):
        return "'" + text
    return text


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lines of a CSV file that begins with a byte order mark, as Excel wants it for UTF-8."""
    yield "\ufeff"
    for row in rows:
        line = StringIO()
        csv.writer(line).writerow([safe_cell(value) for value in row])
        yield line.getvalue()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
