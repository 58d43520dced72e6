"""Tables as people keep them: CSV and TSV in the encodings that spreadsheets write, and XLSX.

A table is read row by row, never held whole.
"""

import codecs
import csv
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
from flask_babel import gettext as _
from openpyxl.utils.exceptions import InvalidFileException

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 50
HEADER_WITHIN = 10  # rows of title that may stand above the header
MOST_COLUMNS = 200
MOST_UNPACKED = 1 << 30  # bytes of a sheet of an XLSX once unpacked
MOST_HELD = 1 << 26  # bytes of any other part of it, such as its strings
MOST_EMPTY = 10_000  # empty rows after which nothing more is looked for
# What zipfile and openpyxl raise for damage; XML inside may be broken too.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError, EOFError, OSError),
    *(KeyError, IndexError, ValueError, TypeError, AttributeError, RuntimeError),
)
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

Cells = tuple[str, ...]
Looks = Callable[[Sequence[str]], bool]


class ImportFileError(ValueError):
    """The file cannot be read as a table: why, and what to do."""


@dataclass(frozen=True)
class Row:
    line: int  # where it begins in the file, from 1
    cells: Cells


@dataclass(frozen=True)
class Table:
    """`rows()` opens the file anew each time; empty rows are left out."""

    header: Cells
    encoding: str  # "xlsx" for a workbook
    delimiter: str
    first_line: int  # of the rows below the header
    source: Callable[[], Iterator[Row]]

    def rows(self) -> Iterator[Row]:
        width = len(self.header)
        for row in self.source():
            if row.line >= self.first_line and any(map(str.strip, row.cells)):
                yield Row(row.line, (row.cells + ("",) * width)[: max(width, len(row.cells))])


def open_table(path: Path, looks_like_header: Looks = any) -> Table:
    """Find out how the file is written. ImportFileError when it is no table.

    The header is the first of the upper rows that `looks_like_header`; a table that begins with a
    person has none, and its columns are numbered.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip(b"\x00\xff\xfe\xef\xbb\xbf \t\r\n"):
        raise ImportFileError(_("The file is empty."))
    if start.startswith(OLE):
        raise ImportFileError(
            _("This is an Excel file of the old kind (.xls). Save it as .xlsx or .csv.")
        )
    if start.startswith(ZIP):
        return _table(lambda: _workbook_rows(path), "xlsx", "", looks_like_header)
    encoding = _encoding(path, start)
    delimiter = _delimiter(path, encoding)
    return _table(
        lambda: _text_rows(path, encoding, delimiter), encoding, delimiter, looks_like_header
    )


def _table(
    source: Callable[[], Iterator[Row]], encoding: str, delimiter: str, looks: Looks
) -> Table:
    top = list(islice((row for row in source() if any(map(str.strip, row.cells))), HEADER_WITHIN))
    if not top:
        raise ImportFileError(_("The file holds no rows."))
    if max(len(row.cells) for row in top) > MOST_COLUMNS:
        raise ImportFileError(_("The file has more than %(most)s columns.", most=MOST_COLUMNS))
    header = next((row for row in top if looks(row.cells)), top[0])
    if any("@" in cell for cell in header.cells):
        numbered = tuple(_("Column %(number)s", number=n + 1) for n in range(len(top[0].cells)))
        return Table(numbered, encoding, delimiter, top[0].line, source)
    names = tuple(cell.strip() for cell in header.cells)
    return Table(names, encoding, delimiter, header.line + 1, source)


def _encoding(path: Path, start: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return name
    # Latin text in UTF-16 has a zero in every second byte; which one tells the order.
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if max(even, odd) > len(start) // 5:
        return "utf-16-be" if even > odd else "utf-16-le"
    for name in ("utf-8", "cp1252"):
        if _decodes(path, name):
            return name
    raise ImportFileError(
        _("The file is neither UTF-8, UTF-16 nor Windows-1252. Save it as CSV in UTF-8.")
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(path: Path, encoding: str) -> str:
    """The one that cuts most of the first rows into the same number of cells, two or more."""

    def fit(delimiter: str) -> tuple[int, int]:
        rows = (row.cells for row in _text_rows(path, encoding, delimiter))
        widths = [len(cells) for cells in islice(rows, SAMPLE_ROWS) if len(cells) > 1]
        usual = max(widths, key=widths.count, default=0)
        return widths.count(usual), usual

    fits: dict[str, tuple[int, int]] = {}
    trouble: ImportFileError | None = None
    for delimiter in DELIMITERS:
        try:
            fits[delimiter] = fit(delimiter)
        except ImportFileError as error:
            trouble = error
    best = max(fits, key=lambda delimiter: fits[delimiter], default="")
    if trouble is not None and (not best or not fits[best][0]):
        raise trouble
    return best


def _text_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter)
        line = 1
        try:
            for cells in reader:
                if lines.ended:  # csv makes one cell of all that follows an open quotation mark
                    raise ImportFileError(_unreadable(line))
                # PostgreSQL stores no text with a NUL in it.
                yield Row(line, tuple(cell.replace("\0", "") for cell in cells))
                line = reader.line_num + 1
        except csv.Error as error:
            raise ImportFileError(_unreadable(line)) from error
        except UnicodeDecodeError as error:
            raise ImportFileError(
                _("Line %(line)s holds bytes that are not %(name)s.", line=line, name=encoding)
            ) from error


class _Lines:
    """The lines of a file, and whether one was asked for after the last."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        yield from self._file
        self.ended = True


def _unreadable(line: int) -> str:
    said: str = _(
        "From line %(line)s on the file cannot be cut into cells. "
        "Most often a quotation mark is opened there and never closed.",
        line=line,
    )
    return said


def _workbook_rows(path: Path) -> Iterator[Row]:
    broken = _("The workbook cannot be read. Open it in Excel, and save it as .xlsx anew.")
    with path.open("rb") as file:  # from its path, openpyxl would judge the file by its name
        try:
            with zipfile.ZipFile(file) as archive:
                if any(_is_oversized(entry) for entry in archive.infolist()):
                    raise ImportFileError(_("The workbook is too large. Save the sheet as CSV."))
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what the file says of its size is often wrong
            empty = 0
            for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                yield Row(line, tuple(_as_text(value) for value in values))
                empty = 0 if any(value is not None for value in values) else empty + 1
                if empty > MOST_EMPTY:  # a row may say that it is the billionth
                    return
        except ImportFileError:
            raise
        except DAMAGE as error:
            raise ImportFileError(broken) from error


def _is_oversized(entry: zipfile.ZipInfo) -> bool:
    """Sheets are read row by row; everything else is held whole."""
    is_sheet = entry.filename.startswith("xl/worksheets/")
    return entry.file_size > (MOST_UNPACKED if is_sheet else MOST_HELD)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
