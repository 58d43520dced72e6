"""Fetching over IMAP: nothing is left out, nothing comes twice, and the mailbox stays as it is."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner

from app.cli import main
from app.db import Database
from app.inbound import mailboxes
from app.inbound.mailboxes import MOST_TRIES, Fetched, MailboxTrouble, fetch_all, fetch_or_say
from app.inbound.models import Mailbox
from app.links import Purpose
from app.mail import mailbox as reading
from app.mail.mailbox_address import parse_mailboxes
from app.services import Services
from tests.conftest import Ran
from tests.inbound.doors import kept
from tests.inbound.imap_fake import FakeImap, fake_imap


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with fake_imap() as server:
        yield server


def with_mailbox(services: Services, url: str, move_to: str = "") -> Services:
    settings = replace(services.settings, mailboxes=parse_mailboxes(url), imap_move_to=move_to)
    return replace(services, settings=settings)


@pytest.fixture
def fetching(services: Services, server: FakeImap) -> Services:
    return with_mailbox(services, server.url)


def mail(number: int, to: str = "x@news.example.org") -> bytes:
    header = f"From: a@b.example\r\nTo: {to}\r\nMessage-ID: <{number}@b.example>\r\n"
    return f"{header}Subject: {number}\r\n\r\nI wrote.\r\n".encode()


def one(services: Services) -> Fetched:
    (found,) = fetch_all(services)
    return found


def how_far(database: Database) -> tuple[int, int]:
    with database.reading() as session:
        mailbox = session.query(Mailbox).one()
        return mailbox.last_uid, mailbox.tries


def test_what_is_new_is_fetched_once(
    fetching: Services, server: FakeImap, database: Database
) -> None:
    server.messages = {4: mail(4), 9: mail(9)}
    assert (one(fetching).count, one(fetching).count) == (2, 0)
    server.messages[10] = mail(10)
    assert one(fetching).count == 1
    assert [stored.raw for stored in kept(fetching)] == [mail(4), mail(9), mail(10)]
    assert how_far(database) == (10, 0)


def test_nothing_is_changed_in_the_mailbox(fetching: Services, server: FakeImap) -> None:
    server.messages = {1: mail(1)}
    one(fetching)
    assert [c for c in server.commands if c.upper().startswith(b"EXAMINE")]
    spoken = b"\n".join(server.commands).upper()
    for word in (b"STORE", b"SELECT", b"EXPUNGE", b"COPY", b"MOVE", b"DELETE", b"BODY["):
        assert word not in spoken


def test_the_envelope_is_read_from_what_the_delivery_agent_wrote(
    fetching: Services, server: FakeImap
) -> None:
    trace = b"Return-Path: <>\r\nDelivered-To: B+1.x@news.example.org\r\n"
    server.messages = {1: trace + mail(1), 2: mail(2)}
    one(fetching)
    first, second = kept(fetching)
    assert first.arrivals == (("imap", "", "b+1.x@news.example.org"),)
    assert second.arrivals == (("imap", None, ""),)


def test_when_uids_lose_their_meaning_everything_is_read_again_and_is_the_same(
    fetching: Services, server: FakeImap, database: Database
) -> None:
    server.messages = {7: mail(1), 8: mail(2)}
    one(fetching)
    server.messages, server.uid_validity = {1: mail(2), 2: mail(1), 3: mail(3)}, 2
    assert one(fetching).count == 3
    assert len(kept(fetching)) == 3
    assert how_far(database) == (3, 0)


def test_a_large_message_comes_in_pieces(
    fetching: Services, server: FakeImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PIECE", 1000)
    # Also where its length is a multiple of the pieces'.
    server.messages = {1: mail(1) + b"x" * 5432, 2: mail(2).ljust(3000, b"y")}
    assert one(fetching).count == 2
    assert [stored.raw for stored in kept(fetching)] == list(server.messages.values())


def test_a_fetch_that_was_interrupted_goes_on_where_it_was(
    fetching: Services, server: FakeImap
) -> None:
    server.messages = {1: mail(1), 2: mail(2), 3: mail(3)}
    server.script = lambda command: None if b"FETCH 2 " in command else True
    found = one(fetching)
    assert (found.count, bool(found.trouble)) == (1, True)
    server.script = lambda _command: True
    assert (one(fetching).count, one(fetching).trouble) == (2, None)
    assert len(kept(fetching)) == 3


NO = [b"TAG NO there is an address@in.example it"]
SHORT = [b"* 1 FETCH (UID 2 FLAGS ())", b"TAG OK done"]
OTHER = [b"* 1 FETCH (UID 7 BODY[]<0> {1}\r\nx)", b"TAG OK done"]
BAD = [b"TAG BAD what?"]


@pytest.mark.parametrize("answer", [NO, BAD, SHORT, OTHER, None])
def test_a_message_that_cannot_be_had_does_not_keep_back_others_for_ever(
    fetching: Services,
    server: FakeImap,
    database: Database,
    answer: list[bytes] | None,
) -> None:
    server.messages = {1: mail(1), 2: mail(2), 3: mail(3)}
    server.script = lambda command: answer if b"FETCH 2 " in command else True
    for number in range(1, MOST_TRIES + 1):
        found = one(fetching)
        assert found.trouble
        assert "@" not in found.trouble.replace("@127.0.0.1", "")
        assert how_far(database) == (1, number)
    found = one(fetching)
    assert (found.count, how_far(database)) == (1, (3, 0))
    assert "left out" in (found.trouble or "")
    assert 2 in server.messages
    assert (one(fetching).count, one(fetching).trouble) == (0, None)


def test_what_was_left_out_can_be_had_from_the_start(fetching: Services, server: FakeImap) -> None:
    server.messages = {2: mail(2)}
    server.script = lambda command: NO if b"FETCH 2 " in command else True
    for _number in range(MOST_TRIES + 1):
        one(fetching)
    server.script = lambda _command: True
    assert one(fetching).count == 0
    mailboxes.start_over(fetching)
    assert one(fetching).count == 1


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        (b"LOGIN", [b"TAG NO [AUTHENTICATIONFAILED] post@example.org s3cret-word is wrong"]),
        (b"LOGIN", None),
        (b"EXAMINE", [b"TAG NO no such mailbox"]),
        (b"EXAMINE", [b"* garbage (((", b"TAG OK done"]),
        (b"UID SEARCH", [b"* SEARCH one two", b"TAG OK done"]),
        (b"UID SEARCH", [b"TAG BAD"]),
        (b"CAPABILITY", [b"\xff\xfe\0", b"TAG OK"]),
    ],
)
def test_whatever_a_server_says_is_trouble_and_no_secret_is_told(
    fetching: Services,
    server: FakeImap,
    verb: bytes,
    answer: list[bytes] | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.messages = {1: mail(1)}
    server.script = lambda command: answer if command.upper().startswith(verb) else True
    with pytest.raises(MailboxTrouble) as raised:
        fetch_or_say(fetching)
    told = str(raised.value) + caplog.text
    assert "s3cret" not in told
    assert "post" not in told
    server.script = lambda _command: True
    fetch_or_say(fetching)
    assert len(kept(fetching)) == 1


def test_a_server_that_is_away_stops_no_other(services: Services, server: FakeImap) -> None:
    server.messages = {1: mail(1)}
    both = with_mailbox(services, f"imap://a:b@127.0.0.1:1/INBOX {server.url}")
    away, there = fetch_all(both)
    assert (bool(away.trouble), there.count) == (True, 1)


def test_the_same_mail_through_two_doors_is_one(fetching: Services, server: FakeImap) -> None:
    from tests.inbound.doors import door, raw

    with door(fetching) as port, raw(port) as client:
        client.ask("MAIL FROM:<a@b.example>")
        client.ask("RCPT TO:<x@news.example.org>")
        client.ask("DATA")
        client.send(mail(1) + b".\r\n")
        assert client.reply().startswith("250")
    trace = b"Return-Path: <a@b.example>\r\nDelivered-To: x@news.example.org\r\n"
    trace += b"Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    server.messages = {1: trace + mail(1).replace(b"\r\n", b"\n") + b"\n"}
    assert one(fetching).count == 1
    (stored,) = kept(fetching)
    assert len(stored.arrivals) == 1


def test_only_what_is_ours_is_moved_and_only_when_asked(
    services: Services, server: FakeImap
) -> None:
    ours = mail(1, services.links.address(Purpose.REPLY, 3))
    server.messages = {1: ours, 2: mail(2)}
    moving = with_mailbox(services, server.url, "Done")
    assert one(moving).trouble is None
    assert server.moved == {1: ours}
    assert list(server.messages) == [2]
    assert len(kept(services)) == 2


def test_without_move_everything_stays_and_people_are_told(
    services: Services, server: FakeImap
) -> None:
    server.capabilities = b"IMAP4rev1"
    server.messages = {1: mail(1, services.links.address(Purpose.REPLY, 3))}
    found = one(with_mailbox(services, server.url, "Done"))
    assert (found.count, list(server.messages)) == (1, [1])
    assert "MOVE" in (found.trouble or "")


def test_the_command_says_what_it_did(fetching: Services, server: FakeImap) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["fetch", *arguments], obj=fetching)
        return result.exit_code, result.output

    server.messages = {1: mail(1)}
    name = f"127.0.0.1:{server.port}/INBOX"
    assert run() == (0, f"{name}: 1 fetched.\n")
    assert json.loads(run("--from-the-start", "--json")[1]) == [
        {"mailbox": name, "count": 1, "trouble": None}
    ]
    server.script = lambda _command: None
    status, words = run()
    assert (status, "0 fetched. " in words) == (1, True)
    assert "s3cret" not in words


def test_without_a_mailbox_the_command_says_so(runner: Callable[..., Ran]) -> None:
    assert runner("fetch").stderr == "Error: IMAP_URL is not set.\n"


@pytest.mark.parametrize(
    ("url", "port", "folder"),
    [
        ("imaps://u:p@mail.example.org", 993, "INBOX"),
        ("imaps://u:p@mail.example.org:9930/Some%20Folder/in", 9930, "Some Folder/in"),
        ("imap+starttls://u:p@mail.example.org/", 143, "INBOX"),
        ("imap://u%40x.example:p%2F%3F@localhost/INBOX", 143, "INBOX"),
    ],
)
def test_an_address_is_read(url: str, port: int, folder: str) -> None:
    (address,) = parse_mailboxes(url)
    assert (address.port, address.folder) == (port, folder)
    assert "password" not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        "imaps://mail.example.org/INBOX",
        "imaps://user@mail.example.org",
        "imap://user:s3cret@mail.example.org",
        "imaps://user:s3c/ret@mail.example.org",
        "imaps://user:s3c#ret@mail.example.org",
        "imaps://user:s3c?ret@mail.example.org",
        "imaps://user:s3cret@mail.example.org:port",
        "imaps://user:s3cret@mail.example.org?ca=/no/such",
        "imaps://user:s3cret@mail.example.org?secret=1",
        "https://user:s3cret@mail.example.org",
        "s3cret",
    ],
)
def test_a_wrong_address_is_told_without_its_secret(url: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_mailboxes(url)
    assert "s3c" not in str(raised.value)
