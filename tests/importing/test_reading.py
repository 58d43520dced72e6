"""Tables as spreadsheet programs write them, found out from the bytes alone."""

import codecs
import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest

from app.importing import columns, reading
from app.importing.reading import ImportFileError, Row, Table

Open = Callable[..., Table]
SIMPLE = "Nom;E-mail\nZoé Größe;zoe@example.org\n"


@pytest.fixture
def open_bytes(tmp_path: Path) -> Open:
    def open_bytes(content: bytes | str, name: str = "list.csv") -> Table:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return reading.open_table(path, columns.looks_like_header)

    return open_bytes


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (SIMPLE.encode(), "utf-8"),
        (codecs.BOM_UTF8 + SIMPLE.encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + SIMPLE.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + SIMPLE.encode("utf-16-be"), "utf-16"),
        (SIMPLE.encode("utf-16-le"), "utf-16-le"),
        (SIMPLE.encode("utf-16-be"), "utf-16-be"),
        (SIMPLE.encode("cp1252"), "cp1252"),
    ],
    ids=["utf-8", "utf-8 bom", "le bom", "be bom", "le", "be", "windows-1252"],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_every_encoding_gives_the_same_cells(
    open_bytes: Open, written: bytes, found: str, line_end: str
) -> None:
    codec = "utf-16" if found == "utf-16" else found
    text = written.decode(codec).replace("\n", line_end)
    bom = written[:2] if found == "utf-16" else b""
    order = "utf-16-be" if bom == codecs.BOM_UTF16_BE else "utf-16-le"
    table = open_bytes(bom + text.encode(order) if bom else text.encode(codec))
    assert table.encoding == found
    assert table.header == ("Nom", "E-mail")
    assert list(table.rows()) == [Row(2, ("Zoé Größe", "zoe@example.org"))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_cuts_evenly(open_bytes: Open, delimiter: str) -> None:
    rows = [
        ("Name", "E-mail", "Notes"),
        ("Ada Quill", "ada@example.org", f'"one{delimiter} two"'),
        ("Bo Marsh", "bo@example.org", "a - b"),
    ]
    table = open_bytes("\n".join(delimiter.join(row) for row in rows))
    assert table.delimiter == delimiter
    assert cells(table)[0] == ("Ada Quill", "ada@example.org", f"one{delimiter} two")


def test_commas_inside_a_file_of_semicolons_do_not_mislead(open_bytes: Open) -> None:
    table = open_bytes("Name;E-mail\nQUILL, Ada;ada@example.org\nMARSH, Bo;bo@example.org\n")
    assert table.delimiter == ";"
    assert cells(table)[1] == ("MARSH, Bo", "bo@example.org")


def test_lines_are_counted_as_an_editor_counts_them(open_bytes: Open) -> None:
    text = 'E-mail,Notes\r\na@example.org,"one\r\ntwo\r\n\r\nfour"\r\n\r\n,,\r\nb@example.org,\r\n'
    rows = list(open_bytes(text).rows())
    assert [(row.line, row.cells[0]) for row in rows] == [
        (2, "a@example.org"),
        (8, "b@example.org"),
    ]
    assert rows[0].cells[1] == "one\r\ntwo\r\n\r\nfour"


def test_short_rows_are_filled_and_long_ones_kept(open_bytes: Open) -> None:
    table = open_bytes("E-mail,Name,Country\na@example.org\nb@example.org,Bo,France,more\n")
    assert cells(table) == [("a@example.org", "", ""), ("b@example.org", "Bo", "France", "more")]


def test_titles_may_stand_above_the_header(open_bytes: Open) -> None:
    text = "Members of the Legal Network\nas of 3 November\n\nName;E-mail\nAda;ada@example.org\n"
    table = open_bytes(text)
    assert table.header == ("Name", "E-mail")
    assert list(table.rows()) == [Row(5, ("Ada", "ada@example.org"))]


def test_without_a_header_the_columns_are_numbered(open_bytes: Open) -> None:
    table = open_bytes("Ada,ada@example.org\nBo,bo@example.org\n")
    assert table.header == ("Column 1", "Column 2")
    assert [row.line for row in table.rows()] == [1, 2]


def test_one_column_of_addresses_is_a_table(open_bytes: Open) -> None:
    assert cells(open_bytes("ada@example.org\nbo@example.org\n")) == [
        ("ada@example.org",),
        ("bo@example.org",),
    ]


def test_zero_bytes_are_left_out(open_bytes: Open) -> None:
    table = open_bytes("E-mail,Name\nada@example.org,A\0da\n")
    assert cells(table) == [("ada@example.org", "Ada")]


def test_a_workbook_is_read_as_it_looks(open_bytes: Open) -> None:
    content = workbook(
        ["Members"],
        [],
        ["Name", "E-mail", "Since", "Number", "Share", "Agreed"],
        ["Ada", "ada@example.org", date(2026, 1, 2), 7.0, 0.5, True],
        [None, None],
        ["Bo", "bo@example.org", datetime(2026, 1, 2, 3, 4), 12, None, None],  # noqa: DTZ001
    )
    table = open_bytes(content, "list.xlsx")
    assert (table.encoding, table.header[:2]) == ("xlsx", ("Name", "E-mail"))
    first, second = table.rows()
    assert first == Row(4, ("Ada", "ada@example.org", "2026-01-02T00:00:00", "7", "0.5", "True"))
    assert second == Row(6, ("Bo", "bo@example.org", "2026-01-02T03:04:00", "12", "", ""))


def test_a_workbook_is_known_by_its_bytes_and_not_its_name(open_bytes: Open) -> None:
    content = workbook(["E-mail"], ["ada@example.org"])
    assert cells(open_bytes(content, "list.csv")) == [("ada@example.org",)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (codecs.BOM_UTF8 + b"\r\n \r\n", "empty"),
        (b";;;\n;;;\n", "no rows"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, r"\.xls"),
        (b"PK\x03\x04 and no archive", "cannot be read"),
        (b'E-mail,Name\nada@example.org,"Ada\nbo@example.org,Bo\n', "line 2"),
        (b'Name,E-mail\n"Ada,ada@example.org\nBo,bo@example.org\n', "quotation mark"),
        (b'Name\tE-mail\nAda\tada@example.org\n"' + b"x" * 200_000, "line 3"),
        ((",".join(["E-mail"] * 201) + "\n").encode(), "200 columns"),
        (b"Name;E-mail\nAda\x81\x8d;ada@example.org\n", "UTF-8"),
        (codecs.BOM_UTF8 + b"Name;E-mail\nZo\xe9;zoe@example.org\n", "not utf-8-sig"),
        (workbook(), "no rows"),
    ],
    ids=[
        *("nothing", "blanks", "empty cells", "old excel", "broken zip", "open quote"),
        *("open quote first", "endless cell", "too wide", "bytes of no encoding", "false mark"),
        "empty sheet",
    ],
)
def test_what_is_no_table_is_refused_in_words(open_bytes: Open, content: bytes, words: str) -> None:
    with pytest.raises(ImportFileError, match=words):
        list(open_bytes(content).rows())


def test_another_kind_of_archive_is_refused(open_bytes: Open) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("letter.txt", "Dear Minister")
    with pytest.raises(ImportFileError, match="cannot be read"):
        open_bytes(file.getvalue())


def test_a_workbook_too_large_to_unpack_is_refused(
    open_bytes: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_HELD", 100)
    with pytest.raises(ImportFileError, match="too large"):
        open_bytes(workbook(["E-mail"], ["ada@example.org"]))


def test_a_row_that_says_it_is_the_billionth_does_not_keep_anybody_waiting(
    open_bytes: Open,
) -> None:
    honest = workbook(["E-mail"], ["ada@example.org"], ["bo@example.org"])
    lying = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(honest)) as old, zipfile.ZipFile(lying, "w") as new:
        for entry in old.infolist():
            content = old.read(entry).replace(b'<row r="3"', b'<row r="99999999999"')
            new.writestr(entry, content)
    rows = [row.cells for row in open_bytes(lying.getvalue()).rows()]
    assert rows == [("ada@example.org",)]


def test_a_damaged_workbook_is_refused_and_never_crashes(open_bytes: Open) -> None:
    whole = workbook(["E-mail"], *([f"ada{n * 7919}@example.org"] for n in range(300)))
    for seed in range(100):
        chance, damaged = Random(seed), bytearray(whole)
        for _time in range(chance.choice([1, 3, 20])):
            damaged[chance.randrange(4, len(damaged))] = chance.randrange(256)
        with suppress(ImportFileError):  # whatever else is raised fails the test
            list(open_bytes(bytes(damaged)).rows())
