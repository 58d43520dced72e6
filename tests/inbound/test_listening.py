"""The door for Postfix and its like: what comes in is kept as it came; nothing else is taken."""

import logging
import re
import smtplib
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbound import listening as module
from app.links import Purpose
from app.mail import door as mail_door
from app.mail.transparency import END, DataReader
from app.services import Services
from tests import personas
from tests.inbound.doors import DOMAIN, HOST, door, kept, raw, without_database

MAIL = b"From: ada@members.example\r\nTo: x@news.example.org\r\nSubject: Done\r\n\r\nI wrote.\r\n"


@pytest.fixture
def port(services: Services) -> Iterator[int]:
    with door(services) as port:
        yield port


def smtp(port: int) -> smtplib.SMTP:
    return smtplib.SMTP(HOST, port, timeout=30)


def test_a_mail_is_kept_as_it_came(port: int, services: Services) -> None:
    reply = services.links.address(Purpose.REPLY, 7)
    with smtp(port) as client:
        client.sendmail("Ada@members.example", [reply], MAIL)
    (mail,) = kept(services)
    assert (mail.raw, mail.size, mail.state) == (MAIL, len(MAIL), "received")
    assert mail.arrivals == (("smtp", "Ada@members.example", reply),)


def test_the_null_sender_is_told_from_no_sender(port: int, services: Services) -> None:
    with smtp(port) as client:
        client.sendmail("", [f"x@{DOMAIN}"], MAIL)
    assert kept(services)[0].arrivals[0][1] == ""


def test_lmtp_answers_for_each_recipient(port: int, services: Services) -> None:
    first, second = (services.links.address(Purpose.REPLY, number) for number in (1, 2))
    with raw(port, "LHLO postfix.example") as client:
        assert client.ask("MAIL FROM:<ada@members.example>").startswith("250")
        assert client.ask(f"RCPT TO:<{first}>").startswith("250 2.1.5")
        assert client.ask("RCPT TO:<somebody@elsewhere.example>").startswith("550 5.1.1")
        assert client.ask(f"RCPT TO:<{second}>").startswith("250 2.1.5")
        assert client.ask("DATA").startswith("354")
        client.send(MAIL + b".\r\n")
        assert [client.reply()[:9] for _recipient in (first, second)] == ["250 2.0.0"] * 2
        assert client.ask("NOOP").startswith("250")  # and not one answer more
    (mail,) = kept(services)
    assert {recipient for _door, _sender, recipient in mail.arrivals} == {first, second}


def test_one_connection_may_speak_either_way(port: int, services: Services) -> None:
    with raw(port, "LHLO postfix.example") as client:
        assert client.ask("EHLO postfix.example").startswith("250")
        client.ask("MAIL FROM:<>")
        client.ask(f"RCPT TO:<a@{DOMAIN}>")
        client.ask(f"RCPT TO:<b@{DOMAIN}>")
        client.ask("DATA")
        client.send(MAIL + b".\r\nNOOP\r\n")  # the next command comes along (RFC 2920)
        assert client.reply().startswith("250 2.0.0")
        assert client.reply() == "250 OK"
    assert len(kept(services)) == 1


@pytest.mark.parametrize(
    "address", ["somebody@elsewhere.example", "r+1.aaaaaaaaaaaaaaaaaaaaaaaa@elsewhere.example"]
)
def test_mail_for_others_is_not_taken(port: int, services: Services, address: str) -> None:
    with smtp(port) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("ada@members.example", [address], MAIL)
        assert refused.value.recipients[address][0] == 550
        assert client.docmd("DATA")[0] == 503
    assert kept(services) == []


def test_mail_for_us_is_taken_whatever_stands_behind_the_at(port: int, services: Services) -> None:
    with services.database.writing() as session:
        personas.network(
            session, from_address="Legal@networks.example", reply_to="answers@networks.example"
        )
    ours = services.links.address(Purpose.RETURN_PATH, 5).partition("@")[0].upper()
    taken = [
        f"{ours}@rewritten.example",
        f"postmaster@{DOMAIN.upper()}",
        "legal@networks.example",
        "ANSWERS@networks.example",
    ]
    with smtp(port) as client:
        assert client.sendmail("", taken, MAIL) == {}
    assert len(kept(services)[0].arrivals) == 4


@pytest.mark.parametrize(
    "words",
    [
        b"nul \0 and bare \n line \r ends\r\n",
        b"\xff\xfe bytes of no charset\r\n",
        b".\n\r.\r\n",
        b"\r\n\r\n",
        b"long " + b"x" * 1_000_000 + b"\r\n",
        "Grüße\r\n".encode(),
    ],
)
def test_bytes_are_bytes(port: int, services: Services, words: bytes) -> None:
    content = b"Subject: x\r\n\r\n" + words
    with raw(port) as client:
        assert client.ask("MAIL FROM:<ada@members.example> BODY=8BITMIME").startswith("250")
        client.ask(f"RCPT TO:<a@{DOMAIN}>")
        client.ask("DATA")
        client.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        assert client.reply().startswith("250 2.0.0")
    assert kept(services)[0].raw == content


def test_addresses_may_be_in_any_script(port: int, services: Services) -> None:
    with smtp(port) as client:
        client.ehlo()
        assert {"smtputf8", "8bitmime", "pipelining", "size"} <= set(client.esmtp_features)
        client.mail("дела@пример.example", ["SMTPUTF8"])
        client.rcpt(f"a@{DOMAIN}")
        assert client.data(MAIL)[0] == 250
    assert kept(services)[0].arrivals[0][1] == "дела@пример.example"


def test_a_message_without_a_byte_is_one(port: int, services: Services) -> None:
    with raw(port) as client:
        client.ask("MAIL FROM:<>")
        client.ask(f"RCPT TO:<a@{DOMAIN}>")
        client.ask("DATA")
        assert client.ask(".").startswith("250 2.0.0")
    assert kept(services)[0].raw == b""


def test_nothing_is_smuggled_behind_a_line_end_that_is_none(port: int, services: Services) -> None:
    words = b"one\n.\nMAIL FROM:<x@y.example>\r.\rtwo\n.\r\nthree\r\n"
    with raw(port) as client:
        client.ask("MAIL FROM:<>")
        client.ask(f"RCPT TO:<a@{DOMAIN}>")
        client.ask("DATA")
        client.send(words + b".\r\n")
        assert client.reply().startswith("250 2.0.0")
        assert client.ask("QUIT").startswith("221")
    assert [mail.raw for mail in kept(services)] == [words]


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\0", b"\r\n.", b".\r\n"])), st.data())
def test_however_the_stream_is_cut_the_content_is_the_same(
    pieces: list[bytes], data: st.DataObject
) -> None:
    content = b"".join(pieces) + b"\r\n"
    stuffed = re.sub(rb"(\A|\r\n)\.", rb"\1..", content) + END[2:] + b"NEXT"
    # Dots are found once for each line end, also where lines are empty.
    reader, found, at = DataReader(), b"", 0
    while reader.rest is None:
        step = data.draw(st.integers(1, 7))
        found += reader.feed(stuffed[at : at + step])
        at += step
    assert found == content
    assert reader.rest + stuffed[at:] == b"NEXT"


def test_what_is_too_large_is_refused_early_or_late(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_door, "SIZE_LIMIT", 10_000)
    with door(services) as port, raw(port) as client:
        assert client.ask("MAIL FROM:<> SIZE=10001").startswith("552")
        assert client.ask("MAIL FROM:<> SIZE=10000").startswith("250")
        client.ask(f"RCPT TO:<a@{DOMAIN}>")
        client.ask("DATA")
        client.send(b"x" * 2_000_000 + b"\r\n.\r\n")
        assert client.reply().startswith("552 5.3.4")
        assert client.ask("NOOP").startswith("250")
    assert kept(services) == []


def test_without_the_database_whoever_brings_mail_keeps_it(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    away = without_database(services)
    with door(away) as port, raw(port, "LHLO postfix.example") as client:
        client.ask("MAIL FROM:<ada@members.example>")
        assert client.ask("RCPT TO:<somebody@elsewhere.example>").startswith("451 4.3.0")
        client.ask(f"RCPT TO:<a@{DOMAIN}>")
        client.ask(f"RCPT TO:<b@{DOMAIN}>")
        client.ask("DATA")
        client.send(MAIL + b".\r\n")
        assert [client.reply() for _number in range(2)] == [module.DATABASE_AWAY] * 2
    away.database.close()
    assert "@" not in "".join(record.getMessage() for record in caplog.records)


def test_a_full_disk_is_told_and_nothing_is_kept(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with door(services) as port, raw(port) as client:
        client.ask("MAIL FROM:<>")
        client.ask(f"RCPT TO:<a@{DOMAIN}>")

        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", full)
        client.ask("DATA")
        client.send(MAIL + b".\r\n")
        assert client.reply().startswith("452 4.3.1")
    assert kept(services) == []


def test_what_fails_unforeseen_is_no_reason_to_bounce(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "receive", broken)
    with door(services) as port, smtp(port) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("", [f"a@{DOMAIN}"], MAIL)
        assert refused.value.smtp_code == 451


def test_bad_clients_do_not_stop_others(port: int, services: Services) -> None:
    with raw(port) as silent, raw(port) as halfway, raw(port) as babbling:
        halfway.ask("MAIL FROM:<>")
        halfway.ask(f"RCPT TO:<a@{DOMAIN}>")
        halfway.ask("DATA")
        halfway.send(b"x" * 1_000_000)
        for _number in range(3):
            babbling.send(b"\xff" * 3000 + b"\r\n")
            assert babbling.reply().startswith("500")
        silent.send(b"MAI")
        with smtp(port) as client:
            client.sendmail("", [f"a@{DOMAIN}"], MAIL)
    assert len(kept(services)) == 1  # and what came halfway is not kept


def test_there_is_a_most_of_connections(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_door, "MOST_CONNECTIONS", 2)
    with door(services) as port, raw(port), raw(port):
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            smtp(port)
        assert refused.value.smtp_code == 421


def test_too_many_recipients_are_asked_to_come_again(port: int, services: Services) -> None:
    recipients = [f"a{number}@{DOMAIN}" for number in range(mail_door.MOST_RECIPIENTS + 1)]
    with smtp(port) as client:
        refused = client.sendmail("", recipients, MAIL)
    assert {code for code, _words in refused.values()} == {452}
    assert len(kept(services)[0].arrivals) == mail_door.MOST_RECIPIENTS


def test_many_at_once_bring_what_is_one_mail(port: int, services: Services) -> None:
    def bring() -> None:
        with smtp(port) as client:
            client.sendmail("", [f"a@{DOMAIN}"], b"Received: by many\r\n" + MAIL)

    threads = [threading.Thread(target=bring) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept(services)) == 1


def test_no_address_is_in_the_log(
    port: int, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with smtp(port) as client:
        client.sendmail("ada@members.example", [f"a@{DOMAIN}"], MAIL)
    told = [record for record in caplog.records if record.name != "asyncio"]
    assert "@" not in "".join(record.getMessage() for record in told)
