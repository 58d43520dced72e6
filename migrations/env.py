"""Alembic's entry: the address comes from the caller (app.migrating), never from a file."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from app.db import Json, Key, UTCDateTime, make_engine
from app.tables import metadata

OUR_TYPES = ((Key, "Key"), (Json, "Json"))


def render_item(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """Write our column types by their names, so that one revision serves both databases."""
    if kind != "type":
        return False
    if isinstance(item, UTCDateTime):
        name = "UTCDateTime"
    else:
        name = next((name for ours, name in OUR_TYPES if repr(item) == repr(ours)), "")
    if not name:
        return False
    context.imports.add(f"from app.db import {name}")
    return "UTCDateTime()" if name == "UTCDateTime" else name


def _let_tables_be_rebuilt(connection: Connection) -> None:
    """SQLite changes a table by making it anew, while others point to it. This can be said only
    before a transaction begins, so it is said to the driver."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys=OFF")


def _check_references(connection: Connection) -> None:
    """RuntimeError when a row points nowhere: then nothing is changed."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"rows that point nowhere: {broken[:5]}")


def run() -> None:
    engine = make_engine(context.config.attributes["database_url"])
    try:
        with engine.connect() as connection:
            _let_tables_be_rebuilt(connection)
            context.configure(
                connection=connection,
                target_metadata=metadata,
                render_as_batch=connection.dialect.name == "sqlite",
                render_item=render_item,
                compare_type=False,  # the same column has another type on each database
            )
            with context.begin_transaction():
                context.run_migrations()
                _check_references(connection)
            connection.commit()
    finally:
        engine.dispose()


run()
