"""Workers out of one process that has imported everything and opened nothing, so that each costs
no more than a fork.

    python -m tests.bench.crashing.nursery      one order a line, one status a line (JSON)
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TextIO

import app.tables  # noqa: F401 - every model, before anything is asked of one
from app.config import load
from app.delivery import worker as worker_module
from app.delivery.cli import _stopped_by_signals
from app.delivery.recovering import recover
from app.delivery.worker import Worker
from app.services import Services
from tests.bench.crashing import steps

CHILD_ENDED = {signal.SIGCHLD}
IDLE_TURN = 0.02  # seconds: so soon it sees that nothing is left to do


@dataclass(frozen=True)
class Order:
    """A worker to be killed at the n-th passing of a step, or after so many seconds, or never."""

    step: str = ""
    nth: int = 0
    after: float = 0.0


class Nursery:
    def __init__(self, orders: TextIO, statuses: TextIO) -> None:
        self._orders, self._statuses = orders, statuses

    def work(self, order: Order) -> int:
        """The status of a worker that worked through what was there: 0, or -SIGKILL."""
        self._orders.write(json.dumps(asdict(order)) + "\n")
        self._orders.flush()
        return int(self._statuses.readline())


@contextmanager
def nursery(environ: Mapping[str, str]) -> Iterator[Nursery]:
    command = [sys.executable, "-m", "tests.bench.crashing.nursery"]
    with subprocess.Popen(
        command,
        env={**os.environ, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Nursery(process.stdin, process.stdout)
        process.stdin.close()


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, CHILD_ENDED)
    for line in sys.stdin:
        order = Order(**json.loads(line))
        pid = os.fork()
        if not pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, CHILD_ENDED)
            _live(order)
        if order.after and not signal.sigtimedwait(CHILD_ENDED, order.after):
            os.kill(pid, signal.SIGKILL)  # not reaped yet, so nobody else has its number
        _pid, status = os.waitpid(pid, 0)
        signal.sigtimedwait(CHILD_ENDED, 0)  # the news of it is old now
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _live(order: Order) -> None:
    """The whole life of a worker; this process does not return from it."""
    status = 1
    try:
        worker_module.TURN_SECONDS = IDLE_TURN
        if order.step:
            steps.lay(order.step, order.nth)
        services = Services.of(load())
        recover(services)
        worker = Worker(services)
        with _stopped_by_signals(worker):
            worker.work_through()
            worker.close()
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
