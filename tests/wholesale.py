"""Rows in every table of the service, with values that are hard to carry over."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    insert,
    select,
)
from sqlalchemy.engine import make_url

from app import migrating
from app.databases import numbering
from app.db import UTCDateTime, make_engine
from app.tables import metadata

TEXTS = (
    "plain",
    "",
    "\\N",
    "tab\tquote'\"back\\slash\r\nline",
    "Ünïcödé 名前 العربية 🕊",
    "null",
    "\\x00; DROP TABLE member",
    "  around  ",
)
DOCUMENTS: tuple[Any, ...] = (
    {},
    [],
    {"z": 1, "a": [1.5, 1e16, -0.0, True, None], "名": '\\ " \n \U0001f54a'},
    ["", "null", {"deep": {"er": []}}],
    None,
    "text",
    0,
)
FIRST_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 24


def fill(connection: Connection, rows: int = ROWS) -> None:
    """`rows` rows in each table; the parent of row i is row i."""
    for table in metadata.sorted_tables:
        connection.execute(insert(table), [_row(table, i) for i in range(1, rows + 1)])


def filled(url: str, change: Callable[[Connection], None] | None = None) -> str:
    """Bring a new database to the schema, fill it, and change it once more.

    On SQLite that is done once for each `change` and process of the tests, and copied.
    """
    place = make_url(url)
    if place.get_backend_name() != "sqlite":
        return _made(url, change)
    path = Path(str(place.database))
    name = change.__name__ if change else "as_it_is"
    model = path.parent.parent / f"{name}.db"
    if not model.exists():
        _made(f"sqlite:///{model}", change)
    shutil.copyfile(model, path)
    return url


def _made(url: str, change: Callable[[Connection], None] | None) -> str:
    migrating.upgrade(url)
    with opened(url) as connection:
        fill(connection)
        if change:
            change(connection)
        for table in metadata.sorted_tables:  # the rows came with numbers of their own
            last = numbering.last_given(connection, table)
            numbering.go_on_after(connection, table, last or 0)
    return url


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _row(table: Table, i: int) -> dict[str, Any]:
    return {column.name: _value(column, i) for column in table.c}


def _value(column: Column[Any], i: int) -> Any:
    may_be_null = column.nullable and not column.primary_key
    if may_be_null and (i + len(column.name)) % 3 == 0:
        return None
    match column.type:
        case UTCDateTime():
            return FIRST_MOMENT + timedelta(hours=i, microseconds=i % 2 * 123_456)
        case Date():
            return date(2026, 2, 27) + timedelta(days=i)
        case Boolean():
            return bool(i % 2)
        case JSON():
            return DOCUMENTS[i % len(DOCUMENTS)]
        case LargeBinary():
            return bytes(range(256)) * (i % 4)
        case String():
            # Longer than what stands around it, so that no two rows of a unique column are alike.
            return f"{TEXTS[i % len(TEXTS)]} {i}"
        case Float():
            return i / 7
        case Integer():
            return i
    raise AssertionError(f"{column}: no value for {column.type!r}")


def counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in metadata.sorted_tables
    }


def everything(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows as the service reads them."""
    return {
        table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        for table in metadata.sorted_tables
    }
