"""The service as processes of its own, on a folder of its own, for tests from outside."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from app import migrating
from app.clock import now
from app.config import load
from app.running import web_arguments
from app.services import Services
from app.staff.models import Staff
from app.staff.signin import new_link

ROOT = Path(__file__).parent.parent
KEY = "a-key-for-live-tests-a-key-for-live-tests"
PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Live:
    url: str
    environ: Mapping[str, str]
    services: Services

    def docket(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """What a command printed; AssertionError with its words when it failed."""
        done = self.attempt(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def attempt(
        self, *arguments: str | Path, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **self.environ},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
        )

    def sign_in_link(self, email: str) -> str:
        with self.services.database.writing() as session:
            somebody = session.scalars(select(Staff).where(Staff.email_key == email)).one()
            return new_link(session, self.services.links, somebody, now())


@contextmanager
def live(folder: Path, database_url: str = "", **environ: str) -> Iterator[Live]:
    """Pages on a free port, the schema in place, nothing else in the database."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "DATA_DIR": str(folder),
        "BASE_URL": url,
        "SECRET_KEYS": KEY,
        "INBOX_PORT": str(free_port()),
        "PUBLIC_LIMIT": "100000 per minute",
        "SIGN_IN_LIMIT": "100000 per minute",
        "PYTHONPATH": str(ROOT),
        **({"DATABASE_URL": database_url} if database_url else {}),
        "SEND_DELAY_SECONDS": "0",
        **environ,
    }
    folder.mkdir(parents=True, exist_ok=True)
    services = Services.of(load(settings))
    migrating.upgrade(services.settings.database_url)
    server = subprocess.Popen(
        web_arguments("127.0.0.1", port), cwd=ROOT, env={**os.environ, **settings}
    )
    try:
        wait_for(f"{url}/healthz")
        yield Live(url, settings, services)
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)
        services.database.close()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
