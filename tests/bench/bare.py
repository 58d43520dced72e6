"""A bare WSGI handler: the answer page's own statements by the driver, and a page of its size.

What a page could cost at least, with no framework, no signature, no form, no header, no limit: it
takes the ids from the link, runs the very statements that the service runs (but the one that tells
robots from people), and sends so many bytes. `wsgi` serves it as `tests.bench.bare:application`; it
reads DATABASE_URL and PAGE_BYTES.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import psycopg
from sqlalchemy.engine import make_url

from app.direct import SQLITE_BUSY_MS, Statement
from app.responses import statements

Environ = dict[str, Any]


COLUMNS = [column.name for column in statements.page("sqlite").selected_columns]
ANSWER = COLUMNS.index("answer")
VISITED = COLUMNS.index("visited")
NOTHING = ("recorded_by", "suspect", "seal", "letters", "how", "acted_on", "promised_for")
EMPTY = dict.fromkeys(NOTHING) | {
    "channel": "link",
    "reply_came": False,
    "note": "",
}


class Bare:
    """One connection for each thread of the server's."""

    def __init__(self, url: str, page_bytes: int) -> None:
        self._url = make_url(url)
        self._kind = self._url.get_backend_name()
        self._begin = "BEGIN IMMEDIATE" if self._kind == "sqlite" else "BEGIN"
        names = ("page", "lock", "response", "visit")
        made = {name: getattr(statements, name)(self._kind) for name in names}
        self._sql = {name: Statement(clause, self._kind).sql for name, clause in made.items()}
        self._page = b"x" * page_bytes
        self._own = threading.local()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        delivery, offer = environ["PATH_INFO"][3:].split(".")[:2]
        ids = {"delivery_id": int(delivery, 36), "offer_id": int(offer, 36)}
        connection = self._connection()
        if environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            self._record(connection, ids, parse_qs(body.decode())["answer"][0])
        else:
            self._show(connection, ids)
        headers = [("Content-Type", "text/html"), ("Content-Length", str(len(self._page)))]
        start_response("200 OK", headers)
        return [self._page]

    def _show(self, connection: Any, ids: dict[str, int]) -> None:
        if not self._find(connection, ids)[VISITED]:
            connection.execute(self._begin)
            connection.execute(self._sql["visit"], ids | {"first_at": self._ago(0)})
            connection.execute("COMMIT")

    def _record(self, connection: Any, ids: dict[str, int], answer: str) -> None:
        connection.execute(self._begin)
        if self._kind == "postgresql":
            connection.execute(self._sql["lock"], ids)
        if self._find(connection, ids)[ANSWER] != answer:
            said = EMPTY | ids | {"answer": answer, "recorded_at": self._ago(0)}
            connection.execute(self._sql["response"], said)
        connection.execute("COMMIT")

    def _find(self, connection: Any, ids: dict[str, int]) -> Any:
        times = {"now": self._ago(0), "expired_before": self._ago(180), "lately": self._ago(1)}
        return connection.execute(self._sql["page"], ids | times).fetchone()

    def _ago(self, days: int) -> Any:
        at = datetime.now(UTC) - timedelta(days)
        return at.strftime("%Y-%m-%d %H:%M:%S.%f") if self._kind == "sqlite" else at

    def _connection(self) -> Any:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._opened()
        return self._own.connection

    def _opened(self) -> Any:
        if self._kind == "postgresql":
            url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
            return psycopg.connect(url, autocommit=True)
        connection = sqlite3.connect(str(self._url.database), isolation_level=None)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={SQLITE_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")
        return connection


class Empty:
    """No statement at all: what the server and the load generator leave to be had."""

    def __init__(self, page_bytes: int) -> None:
        self._page = b"x" * page_bytes

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", str(len(self._page)))])
        return [self._page]


if "PAGE_BYTES" in os.environ:  # a server asks, rather than a test
    empty = Empty(int(os.environ["PAGE_BYTES"]))
    application = Bare(os.environ["DATABASE_URL"], int(os.environ["PAGE_BYTES"]))
