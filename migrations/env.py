"""Alembic's entry: the address comes from the caller (app.migrating), never from a file."""

from typing import Any, Literal

from alembic import context

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


def run() -> None:
    engine = make_engine(context.config.attributes["database_url"])
    try:
        with engine.connect() as connection:
            context.configure(
                connection=connection,
                target_metadata=metadata,
                render_as_batch=connection.dialect.name == "sqlite",
                render_item=render_item,
                compare_type=False,  # the same column has another type on each database
            )
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
    finally:
        engine.dispose()


run()
