"""smtp-sink, which comes with Postfix, where it is installed."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.ports import accepts
from tests.bench.sink import HOST, Sink
from tests.live import free_port
from tests.processes import PATIENCE

NAME = "smtp-sink"
BACKLOG = 1024


def program() -> str | None:
    """Where it is; administrators' folders are looked at too."""
    return shutil.which(NAME, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))


@contextmanager
def postfix_sink() -> Iterator[Sink]:
    """It does not say what it counted. RuntimeError where it is not installed."""
    if (path := program()) is None:
        raise RuntimeError(f"{NAME} is not installed: it comes with Postfix")
    port = free_port()
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen([path, *as_nobody, f"{HOST}:{port}", str(BACKLOG)]) as running:
        try:
            _wait_for(port)
            yield Sink(HOST, port)
        finally:
            running.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not accepts(HOST, port):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{NAME} takes no connection")
        time.sleep(0.01)
