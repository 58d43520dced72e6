"""Rows in the form in which they travel: the one that SQLite stores, made by the databases.

Times are text in UTC ("2026-11-24 08:09:44.000000"), flags 0 or 1, documents JSON text. PostgreSQL
writes and reads that form by itself, so that Python looks at no value while a table is moved.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    cast,
    collate,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from app.db import UTCDateTime

Row = tuple[Any, ...]
Key = tuple[Any, ...]
BATCH = 5_000  # rows in memory at once
MOMENT_LENGTH = 26  # with microseconds


class Kind(Enum):
    PLAIN = auto()  # the same on both
    MOMENT = auto()
    DAY = auto()
    FLAG = auto()
    DOCUMENT = auto()
    FILE = auto()


_KINDS: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
    (UTCDateTime, Kind.MOMENT),
    (Date, Kind.DAY),
    (Boolean, Kind.FLAG),
    (JSON, Kind.DOCUMENT),
    (LargeBinary, Kind.FILE),
    ((Integer, String, Float), Kind.PLAIN),
)


def kind_of(column: Column[Any]) -> Kind:
    """TypeError for a type that nobody has said how to carry over."""
    for types, kind in _KINDS:
        if isinstance(column.type, types):
            return kind
    raise TypeError(f"{column}: copying does not know the type {column.type!r}")


def batches(connection: Connection, table: Table) -> Iterator[list[Row]]:
    """All rows in the order of their keys, streamed."""
    size = batch_size(table)
    statement = _in_order(table, connection.dialect.name == "postgresql")
    found = connection.execute(statement, execution_options={"yield_per": size})
    for rows in found.partitions():
        yield [tuple(row) for row in rows]


def batch_size(table: Table) -> int:
    """Rows with a file in them come one by one: each may be as large as an upload may be."""
    return 1 if any(kind_of(column) is Kind.FILE for column in table.c) else BATCH


def key_of(table: Table) -> Callable[[Row], Key]:
    places = [i for i, column in enumerate(table.c) if column.primary_key]
    return lambda row: tuple(row[i] for i in places)


def canonical(table: Table) -> Callable[[Row], Row]:
    """A function that makes rows equal which mean the same: JSON with its keys in any order, a time
    that some statement wrote without its fraction. Files become their hashes."""
    spellings = [
        (i, _SPELLINGS[kind_of(column)])
        for i, column in enumerate(table.c)
        if kind_of(column) in _SPELLINGS
    ]

    def make(row: Row) -> Row:
        values = list(row)
        for i, spelling in spellings:
            if values[i] is not None:
                values[i] = spelling(values[i])
        return tuple(values)

    return make if spellings else lambda row: row


def _in_order(table: Table, is_postgresql: bool) -> Select[Any]:
    columns = [_form(column, is_postgresql).label(column.name) for column in table.c]
    return select(*columns).order_by(*(_place(c, is_postgresql) for c in table.primary_key))


def _form(column: Column[Any], is_postgresql: bool) -> ColumnElement[Any]:
    kind = kind_of(column)
    if not is_postgresql:
        return type_coerce(column, NullType())  # as it is stored
    match kind:
        case Kind.MOMENT:
            return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI:SS.US")
        case Kind.DAY:
            return func.to_char(column, "YYYY-MM-DD")
        case Kind.FLAG:
            return cast(column, Integer)
        case Kind.DOCUMENT:
            return cast(column, Text)
    return column


def _place(column: Column[Any], is_postgresql: bool) -> ColumnElement[Any]:
    """Text in the order of its bytes, which is SQLite's, whatever the language of PostgreSQL."""
    by_bytes = is_postgresql and isinstance(column.type, String)
    return collate(column, "C") if by_bytes else column


def _full_moment(text: str) -> str:
    if len(text) == MOMENT_LENGTH:
        return text
    return datetime.fromisoformat(text).isoformat(" ", "microseconds")


def _one_spelling(text: str | float) -> str:
    # PostgreSQL keeps numbers by value: 1e16 comes back as 10000000000000000. SQLite keeps a
    # document that is nothing but a number as that number.
    document = json.loads(str(text), parse_float=_number)
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_SPELLINGS: dict[Kind, Callable[[Any], str]] = {
    Kind.MOMENT: _full_moment,
    Kind.DOCUMENT: _one_spelling,
    Kind.FILE: _hash,
}
