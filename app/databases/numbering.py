"""Where the numbering of rows goes on. A number is part of signed links: it must not come twice."""

from typing import Any

from sqlalchemy import Column, Connection, Integer, Table, func, inspect, select, text


def last_given(connection: Connection, table: Table) -> int | None:
    """The highest number that a row of this table ever had, as far as the database knows.

    None where rows are not numbered.
    """
    column = _numbered(table)
    if column is None:
        return None
    highest = connection.scalar(select(func.max(column))) or 0
    return max(highest, _remembered(connection, table, column))


def go_on_after(connection: Connection, table: Table, number: int) -> None:
    """Give the next row a higher number than this one.

    On SQLite only a table that is declared AUTOINCREMENT can do so; the others go on after the
    highest row that exists.
    """
    column = _numbered(table)
    if column is None or number < 1:
        return
    if connection.dialect.name == "postgresql":
        sequence = _sequence(connection, table, column)
        if sequence:
            connection.execute(
                text("SELECT setval(:sequence, :number)"), {"sequence": sequence, "number": number}
            )
    elif _has_memory(connection):
        _remember(connection, table, number)


def _numbered(table: Table) -> Column[Any] | None:
    columns = list(table.primary_key)
    one = len(columns) == 1 and isinstance(columns[0].type, Integer)
    return columns[0] if one else None


def _remembered(connection: Connection, table: Table, column: Column[Any]) -> int:
    if connection.dialect.name == "postgresql":
        sequence = _sequence(connection, table, column)
        if not sequence:
            return 0
        found = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 - a name that PostgreSQL itself gave, quoted
        return int(found.last_value) if found.is_called else 0
    if not _has_memory(connection):
        return 0
    statement = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return int(connection.scalar(statement, {"name": table.name}) or 0)


def _sequence(connection: Connection, table: Table, column: Column[Any]) -> str | None:
    quoted = connection.dialect.identifier_preparer.quote(table.name)
    statement = text("SELECT pg_get_serial_sequence(:name, :column)")
    found = connection.scalar(statement, {"name": quoted, "column": column.name})
    return str(found) if found else None


def _has_memory(connection: Connection) -> bool:
    return inspect(connection).has_table("sqlite_sequence")


def _remember(connection: Connection, table: Table, number: int) -> None:
    values = {"name": table.name, "number": number}
    changed = connection.execute(
        text("UPDATE sqlite_sequence SET seq = :number WHERE name = :name"), values
    )
    if not changed.rowcount and _counts_up(connection, table):
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :number)"), values)


def _counts_up(connection: Connection, table: Table) -> bool:
    statement = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    declared = connection.scalar(statement, {"name": table.name}) or ""
    return "AUTOINCREMENT" in str(declared).upper()
