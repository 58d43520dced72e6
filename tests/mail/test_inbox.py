"""The local inbox: real mail goes in over SMTP, and comes out as it was."""

import errno
import json
import smtplib
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from app.mail import inbox as module
from app.mail.answers import Outcome
from app.mail.inbox import Inbox, serve, store
from app.mail.relay import Relay
from app.mail.smtp import Client
from tests.mail.faulty import PATIENT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "inbox"


@pytest.fixture
def relay(folder: Path) -> Iterator[Relay]:
    controller = serve(folder, "127.0.0.1", 0)
    yield Relay("smtp", "127.0.0.1", controller.port)
    controller.stop()


def _letter(subject: str = "Grüße aus Köln", to: str = "ada@example.org") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Docket <news@example.org>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Hello Ada,\n.\n..dots and ümlauts\n")
    message.add_alternative("<p>Hello <b>Ädä</b></p>\n", subtype="html")
    return message


def _send(relay: Relay, message: EmailMessage, *to: str) -> None:
    with smtplib.SMTP(relay.host, relay.port, timeout=5) as smtp:
        smtp.send_message(message, "bounces@example.org", list(to) or None)


def test_a_message_comes_out_as_it_went_in(folder: Path, relay: Relay) -> None:
    _send(relay, _letter(), "ada@example.org", "bob@example.org")
    inbox = Inbox(folder)
    assert inbox.count() == 1
    (summary,) = inbox.list()
    assert summary.sender == "bounces@example.org"
    assert summary.recipients == ("ada@example.org", "bob@example.org")
    assert summary.subject == "Grüße aus Köln"
    assert summary.received.tzinfo is not None

    message = inbox.get(summary.id)
    assert message is not None
    assert message.summary == summary
    assert message.text is not None
    assert message.text.splitlines() == ["Hello Ada,", ".", "..dots and ümlauts"]
    assert message.html is not None
    assert message.html.strip() == "<p>Hello <b>Ädä</b></p>"
    assert ("To", "ada@example.org") in message.headers
    assert message.headers[0] == ("From", "Docket <news@example.org>")


def test_the_source_is_what_the_client_sent_to_the_byte(folder: Path, relay: Relay) -> None:
    source = b"Subject: Dots\r\nTo: <ada@example.org>\r\n\r\n.\r\n..\r\n\xfc\xff\r\n\r\n.end\r\n"
    with Client(relay, PATIENT) as client:
        answer = client.send("news@example.org", "ada@example.org", source)
    assert answer.outcome is Outcome.SENT
    (summary,) = Inbox(folder).list()
    message = Inbox(folder).get(summary.id)
    assert message is not None
    assert message.source == source
    assert message_from_bytes(message.source)["Subject"] == "Dots"


def test_an_address_beyond_ascii_is_kept(folder: Path, relay: Relay) -> None:
    with Client(relay, PATIENT) as client:
        answer = client.send("news@example.org", "jörg@bücher.example", b"Subject: x\r\n\r\nx\r\n")
    assert answer.outcome is Outcome.SENT
    assert Inbox(folder).list()[0].recipients == ("jörg@xn--bcher-kva.example",)


def test_the_list_is_newest_first_in_pages(folder: Path, relay: Relay) -> None:
    for number in range(5):
        _send(relay, _letter(f"Number {number}"))
    inbox = Inbox(folder)
    assert [s.subject for s in inbox.list()] == [f"Number {n}" for n in (4, 3, 2, 1, 0)]
    page = inbox.list(limit=2)
    assert [s.subject for s in page] == ["Number 4", "Number 3"]
    rest = inbox.list(limit=2, before=page[-1].id)
    assert [s.subject for s in rest] == ["Number 2", "Number 1"]


def test_the_list_can_be_of_one_recipient(folder: Path, relay: Relay) -> None:
    for to in ("ada@example.org", "bob@example.org", "Ada@Example.ORG"):
        _send(relay, _letter(to, to))
    inbox = Inbox(folder)
    assert [s.subject for s in inbox.list(recipient="ADA@example.org")] == [
        "Ada@Example.ORG",
        "ada@example.org",
    ]
    assert len(inbox.list(recipient="example.org", limit=2)) == 2
    assert inbox.list(recipient="nobody@") == []


def test_a_message_that_cannot_be_kept_is_to_be_tried_again(
    folder: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "store", full)
    with Client(relay, PATIENT) as client:
        answer = client.send("news@example.org", "ada@example.org", b"Subject: x\r\n\r\nx\r\n")
    assert (answer.outcome, answer.code, answer.enhanced) == (Outcome.RETRY, 452, "4.3.1")
    assert "No space left" in answer.text
    assert Inbox(folder).list() == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "mail.example.org"])
def test_it_refuses_to_listen_beyond_this_machine(folder: Path, host: str) -> None:
    with pytest.raises(ValueError, match="from this machine only"):
        serve(folder, host, 0)
    assert not folder.exists()


@pytest.mark.parametrize(
    "message_id",
    ["", ".", "..", "../../etc/passwd", "/etc/passwd", "../secret", "%2e%2e/secret", "secret",
     "secret\0", "20260101000000000000-000000", "20260101000000000000-000000/../../secret",
     "20260101000000000000-000000\n"],
)  # fmt: skip
def test_an_id_that_is_none_gives_nothing(tmp_path: Path, message_id: str) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    kept = store(folder, "a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n")
    for place in (tmp_path, folder):
        (place / "secret.json").write_bytes((folder / f"{kept}.json").read_bytes())
        (place / "secret.eml").write_bytes(b"secret")
    assert Inbox(folder).get(message_id) is None
    assert Inbox(folder).get(kept) is not None


@pytest.mark.parametrize(
    "envelope",
    ["", "{", "[]", "null", "{}", '{"received": 5}', "\udcff",
     json.dumps({"received": "yesterday", "sender": "", "recipients": [], "subject": ""}),
     json.dumps({"received": "2026-01-01", "sender": "", "recipients": None, "subject": ""})],
)  # fmt: skip
def test_a_broken_envelope_is_passed_over(tmp_path: Path, envelope: str) -> None:
    kept = store(tmp_path, "a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n")
    broken = "20991231000000000000-000000"
    (tmp_path / f"{broken}.json").write_bytes(envelope.encode("utf-8", "surrogateescape"))
    (tmp_path / f"{broken}.eml").write_bytes(b"")
    inbox = Inbox(tmp_path)
    assert [s.id for s in inbox.list()] == [kept]
    assert [s.id for s in inbox.list(recipient="b@")] == [kept]
    assert inbox.get(broken) is None


def test_an_envelope_whose_message_is_gone_gives_nothing(tmp_path: Path) -> None:
    kept = store(tmp_path, "a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n")
    (tmp_path / f"{kept}.eml").unlink()
    assert Inbox(tmp_path).get(kept) is None


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "none")
    assert (inbox.count(), inbox.list(), inbox.get("x")) == (0, [], None)
