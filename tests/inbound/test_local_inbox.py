"""On one machine: what is answered out of the local inbox comes back in, through either port."""

import signal
import smtplib
import socket
import sqlite3
from pathlib import Path

import pytest

from app.config import load, with_embedded_defaults
from app.links import Links, Purpose
from app.mail.inbox import Inbox
from tests.inbound.doors import DOMAIN
from tests.live import free_port
from tests.test_running import running

pytestmark = pytest.mark.slow
MAIL = b"From: ada@members.example\r\nSubject: Re: Two letters\r\n\r\nDone!\r\n"


def test_mail_to_an_address_of_ours_is_taken_at_both_ports(tmp_path: Path) -> None:
    inbox, door = str(free_port()), str(free_port())
    arguments = ("--port", str(free_port()), "--empty")
    with running(tmp_path, *arguments, INBOX_PORT=inbox, INBOUND_PORT=door) as service:
        assert f"127.0.0.1:{door}" in service.line_with("Answers")
        service.line_with("Ctrl-C")
        settings = with_embedded_defaults(load({"DATA_DIR": str(tmp_path)}))
        ours = Links(settings.secret_keys, "", "localhost").address(Purpose.REPLY, 1)
        with smtplib.SMTP("127.0.0.1", int(inbox), timeout=30) as client:
            client.sendmail("ada@members.example", ["bo@members.example"], MAIL)
            client.sendmail("ada@members.example", [ours, "bo@members.example"], MAIL + b"1\r\n")
        with smtplib.LMTP("127.0.0.1", int(door)) as client:
            client.sendmail("ada@members.example", [ours], MAIL + b"2\r\n")
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("ada@members.example", ["bo@members.example"], MAIL)
    assert Inbox(tmp_path / "inbox").count() == 2
    with sqlite3.connect(tmp_path / "docket.db") as database:
        found = database.execute("SELECT recipient FROM inbound_arrival").fetchall()
    database.close()
    assert found == [(ours,), (ours,)]


def test_with_a_relay_the_door_is_a_process_of_its_own(tmp_path: Path) -> None:
    door = str(free_port())
    environ = {"SMTP_URL": "smtp://127.0.0.1:1", "INBOUND_MAIL": "on", "INBOUND_PORT": door}
    arguments = ("--port", str(free_port()), "--empty")
    with running(tmp_path, *arguments, MAIL_DOMAIN=DOMAIN, **environ) as service:
        service.line_with("Ctrl-C")
        with smtplib.LMTP("127.0.0.1", int(door)) as client:
            client.sendmail("ada@members.example", [f"x@{DOMAIN}"], MAIL)
        service.send(signal.SIGTERM)
        assert service.end() == 0
        assert "Traceback" not in service.output


def test_a_mail_server_is_not_sent_to_another_port_in_silence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environ = {"SMTP_URL": "smtp://127.0.0.1:1", "INBOUND_MAIL": "on", "INBOUND_PORT": port}
        with running(tmp_path, "--port", str(free_port()), "--empty", **environ) as service:
            assert "INBOUND_PORT" in service.line_with("is taken")
            assert service.end() == 2
