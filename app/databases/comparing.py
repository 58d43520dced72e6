"""Two databases, row for row: every value of every table, in the order of the keys."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, Table

from app.databases.travelling import Key, Row, batches, canonical, key_of

SHOWN = 10  # differences of one table that are named
DIGEST_BYTES = 16


@dataclass(frozen=True)
class Compared:
    table: str
    rows: int  # of the second database
    digest: str  # of all its values in the order of the keys; the same on SQLite and PostgreSQL
    differences: tuple[str, ...]  # the first ones, each with its key; never a value


def compare(
    source: Connection, target: Connection, table: Table, advance: Callable[[int], None]
) -> Compared:
    digest = _Digest()
    left = _rows(source, table)
    right = _watched(_rows(target, table), digest, advance)
    found = tuple(islice(_differences(table, left, right), SHOWN))
    for _rest in right if found else ():
        pass  # so that the count and the digest are of the whole table
    return Compared(table.name, digest.rows, digest.text(), found)


class _Digest:
    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)
        self.rows = 0

    def add(self, row: Row) -> None:
        self._hash.update(repr(row).encode())
        self.rows += 1

    def text(self) -> str:
        return self._hash.hexdigest()


def _rows(connection: Connection, table: Table) -> Iterator[Row]:
    make = canonical(table)
    for batch in batches(connection, table):
        yield from map(make, batch)


def _watched(rows: Iterator[Row], digest: _Digest, advance: Callable[[int], None]) -> Iterator[Row]:
    for row in rows:
        digest.add(row)
        if not digest.rows % 1000:
            advance(1000)
        yield row
    advance(digest.rows % 1000)


def _differences(table: Table, left: Iterator[Row], right: Iterator[Row]) -> Iterator[str]:
    """Merge both sides by key; what is missing, too much or not the same."""
    key = key_of(table)
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        if ours == theirs:
            ours, theirs = next(left, None), next(right, None)
        elif ours is not None and (theirs is None or key(ours) < key(theirs)):
            yield f"{_named(table, key(ours))}: missing in the copy"
            ours = next(left, None)
        elif theirs is not None and (ours is None or key(theirs) < key(ours)):
            yield f"{_named(table, key(theirs))}: only in the copy"
            theirs = next(right, None)
        elif ours is not None and theirs is not None:
            yield f"{_named(table, key(ours))}: not the same in {_columns(table, ours, theirs)}"
            ours, theirs = next(left, None), next(right, None)


def _named(table: Table, key: Key) -> str:
    return f"{table.name} {', '.join(map(str, key))}"


def _columns(table: Table, ours: Row, theirs: Row) -> str:
    pairs = zip(table.c, ours, theirs, strict=True)
    return ", ".join(column.name for column, mine, other in pairs if mine != other)
