"""WSGI servers as processes, ours as it is shipped and others as their guides have them."""

import http.client
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from app.running import web_arguments
from tests.bench.firing import HOST
from tests.live import PATIENCE, ROOT, free_port

Arguments = Callable[[int, str], list[str]]  # of a port and an application


@dataclass(frozen=True)
class Server:
    name: str
    module: str
    settings: str
    arguments: Arguments

    @property
    def is_installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None


def _granian(port: int, application: str) -> list[str]:
    ours = web_arguments(HOST, port)
    ours[ours.index("wsgi:application")] = application
    return ours


def with_threads(count: int) -> Server:
    """Ours with another number of threads, as suits an application that no slow line holds up."""

    def arguments(port: int, application: str) -> list[str]:
        ours = _granian(port, application)
        ours[ours.index("--blocking-threads") + 1] = str(count)
        return ours

    return Server("granian", "granian", f"--blocking-threads {count}", arguments)


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _gunicorn(*settings: str) -> Arguments:
    return lambda port, application: _python(
        "gunicorn", "--bind", f"{HOST}:{port}", "--keep-alive", "60", *settings, application
    )


def _waitress(*settings: str) -> Arguments:
    return lambda port, application: _python(
        "waitress", f"--listen={HOST}:{port}", *settings, application
    )


def _told(arguments: list[str]) -> str:
    """What is set, without what each start has of its own."""
    return " ".join(arguments[arguments.index("--workers") :]).partition(" --working-dir")[0]


OURS = Server("granian", "granian", _told(web_arguments(HOST, 1)), _granian)
PEERS = (
    # Its plain workers keep no connection, and want a proxy that does.
    Server("gunicorn", "gunicorn", "--threads 4", _gunicorn("--threads", "4")),
    Server("waitress", "waitress", "--threads=4", _waitress("--threads=4")),
)


@contextmanager
def serving(server: Server, application: str, environ: Mapping[str, str]) -> Iterator[int]:
    """The port on which it answers."""
    port = free_port()
    process = subprocess.Popen(
        server.arguments(port, application),
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _wait_for(port: int) -> None:
    """Until it answers anything at all."""
    deadline = time.monotonic() + PATIENCE
    while True:
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        finally:
            connection.close()
