"""Putting rows into a table as fast as each database takes them: COPY, or one prepared INSERT."""

import re
from collections.abc import Callable

import psycopg
from sqlalchemy import Connection, Table, insert, text

from app.databases.travelling import Row, key_of
from app.errors import Refused

Write = Callable[[list[Row]], None]


def writer(connection: Connection, table: Table) -> Write:
    """A function that takes rows of all the table's columns, in their order, in travelling form."""
    if connection.dialect.name == "postgresql":
        return _copy_in(connection, table)
    statement = str(insert(table).compile(connection))

    def write(rows: list[Row]) -> None:
        connection.exec_driver_sql(statement, rows)

    return write


def _copy_in(connection: Connection, table: Table) -> Write:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.c)
    statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN"
    connection.execute(text("SET LOCAL timezone TO 'UTC'"))  # times travel without a zone
    cursor = connection.connection.cursor()

    def write(rows: list[Row]) -> None:
        taken = 0
        try:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
                    taken += 1
        except psycopg.Error as error:
            raise Refused(_why(table, rows, taken, error)) from None

    return write


def _why(table: Table, rows: list[Row], taken: int, error: psycopg.Error) -> str:
    """Which row and what kind of trouble; never the value, which may be an address."""
    context = error.diag.context or ""
    line = re.search(r"line (\d+)", context)
    number = int(line[1]) - 1 if line else taken  # the driver refuses some by itself
    if number >= len(rows):
        return f"{table.name}: {error.diag.message_primary or type(error).__name__}"
    key = ", ".join(map(str, key_of(table)(rows[number])))
    column = re.search(r"column (\w+)", context)
    where = f" in {column[1]}" if column else ""
    what = "a NUL character" if "NUL" in str(error) else type(error).__name__
    return f"{table.name} {key}: PostgreSQL cannot store what stands there{where} ({what})."
