"""A frozen issue through real worker processes into a sink, timed from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.clock import now
from app.config import load
from app.delivery import control
from app.delivery.models import Chunk, Settlement, WorkerLease
from app.delivery.waking import wake_workers
from app.issues.models import Issue
from app.services import Services
from tests.bench.sink import Sink
from tests.processes import ROOT

LOOK = 0.005  # seconds between two looks at the ledger
PATIENCE = 3600.0
KEY = "a-key-for-the-bench-a-key-for-the-bench"


@dataclass(frozen=True)
class Sent:
    """`seconds`: from the first claim to the last settlement, both as others see them."""

    recipients: int
    seconds: float
    rss_mb: float  # the most that any one worker had

    @property
    def per_second(self) -> float:
        return self.recipients / self.seconds


def environment(url: str, folder: Path, sink: Sink, **more: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "DATA_DIR": str(folder),
        "BASE_URL": "https://docket.example.org",
        "SECRET_KEYS": KEY,
        "MAIL_DOMAIN": "news.example.org",
        "SMTP_URL": f"smtp://{sink.host}:{sink.port}",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def send(services: Services, environ: Mapping[str, str], issue_id: int, workers: int) -> Sent:
    """Send a frozen issue with so many worker processes. RuntimeError if the ledger is wrong."""
    with services.database.writing() as session:
        control.pause(session.get_one(Issue, issue_id), "not yet", now())
    with _working(environ, workers) as working:
        working.wait_until(lambda: _living(services) >= workers)
        with services.database.writing() as session:
            control.resume(session.get_one(Issue, issue_id))
            wake_workers(session)
        begun = working.wait_until(lambda: _is_claimed(services, issue_id))
        ended = working.wait_until(lambda: _is_finished(services, issue_id))
        rss = max(map(_peak_rss, _tree(working.pid)))
    return Sent(_settled(services, issue_id), ended - begun, rss)


def services_for(environ: Mapping[str, str]) -> Services:
    return Services.of(load(environ))


class Workers:
    """`docket worker`, as an operator starts it; what it says goes into a file."""

    def __init__(self, environ: Mapping[str, str], count: int) -> None:
        self._log = Path(environ["DATA_DIR"]) / "worker.log"
        command = [sys.executable, "-m", "app.cli", "worker", "--processes", str(count)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environ}, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until(self, done: Callable[[], bool]) -> float:
        """When it was done, on the clock of time.perf_counter()."""
        deadline = time.perf_counter() + PATIENCE
        while not done():
            if self._process.poll() is not None or time.perf_counter() > deadline:
                raise RuntimeError(f"the workers do not get on:\n{self._last_words()}")
            time.sleep(LOOK)
        return time.perf_counter()

    def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        if status := self._process.wait(60):
            raise RuntimeError(f"the workers ended with status {status}:\n{self._last_words()}")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


@contextmanager
def _working(environ: Mapping[str, str], count: int) -> Iterator[Workers]:
    workers = Workers(environ, count)
    try:
        yield workers
        workers.end()
    finally:
        workers.kill()


def _living(services: Services) -> int:
    with services.database.reading() as session:
        living = select(func.count()).select_from(WorkerLease).where(WorkerLease.gone_at.is_(None))
        return session.scalar(living) or 0


def _is_claimed(services: Services, issue_id: int) -> bool:
    begun = Chunk.claimed_by.is_not(None) | Chunk.done_at.is_not(None)
    with services.database.reading() as session:
        return bool(
            session.scalar(select(Chunk.id).where(Chunk.issue_id == issue_id, begun).limit(1))
        )


def _is_finished(services: Services, issue_id: int) -> bool:
    with services.database.reading() as session:
        return session.scalar(select(Issue.finished_at).where(Issue.id == issue_id)) is not None


def _settled(services: Services, issue_id: int) -> int:
    """How many were sent, and each at the first try."""
    plain = Settlement.state == "sent", Settlement.attempts == 1, Settlement.uncertain == 0
    with services.database.reading() as session:
        of_issue = select(func.count()).where(Settlement.issue_id == issue_id)
        total, sent = session.scalar(of_issue) or 0, session.scalar(of_issue.where(*plain)) or 0
    if total != sent:
        raise RuntimeError(f"of {total} deliveries only {sent} were plainly sent")
    return sent


def _tree(pid: int) -> Sequence[int]:
    """A process and its children."""
    import psutil

    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


def _peak_rss(pid: int) -> float:
    """Megabytes (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("this system does not say how much memory a process had")
