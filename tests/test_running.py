"""`bin/run` as a process: what it says, what it starts, and that nothing is left when it stops."""

import re
import signal
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.config import load
from app.mail.inbox import Inbox
from app.networks.models import Member
from app.services import Services
from tests.live import free_port
from tests.processes import Process, process

pytestmark = pytest.mark.slow


@contextmanager
def running(folder: Path, *arguments: str, **environ: str) -> Iterator[Process]:
    ports = {"INBOX_PORT": str(free_port()), "INBOUND_PORT": str(free_port())} | environ
    command = (sys.executable, "-m", "app.running", "--data", str(folder), *arguments)
    with process(*command, **ports) as started:
        yield started


def status(url: str, data: bytes | None = None) -> int:
    with urllib.request.urlopen(url, data=data, timeout=30) as answer:
        return int(answer.status)


def members(folder: Path) -> int:
    services = Services.of(load({"DATA_DIR": str(folder)}))
    with services.database.reading() as session:
        count = session.scalar(select(func.count(Member.id))) or 0
    services.database.close()
    return count


def test_a_new_folder_shows_the_example_and_stops_cleanly(tmp_path: Path) -> None:
    port = str(free_port())
    with running(tmp_path / "data", "--port", port) as service:
        service.line_with("Loading the example")
        service.line_with("is ready")
        link = service.line_with("Sign in").split()[-1]
        service.line_with("Ctrl-C")
        assert link.startswith(f"http://127.0.0.1:{port}/sign-in/")
        assert status(link) == 200
        assert status(f"http://127.0.0.1:{port}/readyz") == 200
        service.send(signal.SIGTERM)
        assert service.end() == 0
        assert "Stopped." in service.output
        assert "Traceback" not in service.output
    with pytest.raises(OSError, match="refused"):
        status(f"http://127.0.0.1:{port}/healthz")
    assert members(tmp_path / "data") > 50
    assert oct((tmp_path / "data/secret-key").stat().st_mode)[-3:] == "600"


def test_mail_lands_in_the_local_inbox(tmp_path: Path) -> None:
    import smtplib

    inbox_port = free_port()
    arguments = ("--port", str(free_port()), "--empty")
    with running(tmp_path, *arguments, INBOX_PORT=str(inbox_port)) as service:
        service.line_with("Ctrl-C")
        with smtplib.SMTP("127.0.0.1", inbox_port) as smtp:
            smtp.sendmail("a@b.example", ["c@d.example"], b"Subject: Hello\r\n\r\nText\r\n")
        service.send(signal.SIGINT)
        assert service.end() == 0
    assert [mail.subject for mail in Inbox(tmp_path / "inbox").list()] == ["Hello"]


def test_an_empty_start_says_how_to_come_in(tmp_path: Path) -> None:
    with running(tmp_path, "--port", str(free_port()), "--empty") as service:
        assert "staff add" in service.line_with("staff add")
        service.line_with("Ctrl-C")
    assert members(tmp_path) == 0


def test_two_on_one_folder_are_one_too_many(tmp_path: Path) -> None:
    with running(tmp_path, "--port", str(free_port()), "--empty") as first:
        first.line_with("Ctrl-C")
        with running(tmp_path, "--port", str(free_port())) as second:
            second.line_with("already running")
            assert second.end() == 2


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running(tmp_path, "--port", str(port)) as service:
            assert f"Port {port}" in service.line_with("is taken")
            assert service.end() == 2


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        (["--host", "0.0.0.0"], {}, "SECRET_KEYS"),
        ([], {"BASE_URL": "https://docket.example.org"}, "SECRET_KEYS"),
        ([], {"DEFAULT_TIMEZONE": "Mars/Olympus"}, "DEFAULT_TIMEZONE"),
        ([], {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}, "DATABASE_URL"),
    ],
)
def test_a_start_that_would_be_wrong_is_refused_with_a_word(
    tmp_path: Path, arguments: list[str], environ: dict[str, str], expected: str
) -> None:
    with running(tmp_path, "--port", str(free_port()), *arguments, **environ) as service:
        assert expected in service.line_with(expected)
        assert service.end() == 2
        assert not re.search(r"Traceback", service.output)
