"""TLS and signing in, by the pool and by the client, against certificates made for the test."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from app.mail.answers import Outcome, Stage
from app.mail.relay import Relay
from app.mail.smtp import Client
from tests.mail.certificates import certificate, server_context
from tests.mail.faulty import PATIENT, Faulty, unstuffed
from tests.mail.working import MESSAGE, Recorder, parcel, pooling, sent

OFFERS = "250-faulty\n250-PIPELINING\n250-AUTH PLAIN\n250 STARTTLS"
LARGE = b"Subject: Large\r\n\r\n" + b"a line of some length\r\n" * 100_000
SCRIPT = {"EHLO": OFFERS, "STARTTLS": "220 go ahead", "AUTH": "235 2.7.0 welcome"}
KINDS = ["smtps", "smtp+starttls"]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return certificate(tmp_path)


def serving(path: Path, kind: str) -> Faulty:
    return Faulty(SCRIPT, tls=server_context(path), implicit=kind == "smtps")


def relay_of(server: Faulty, kind: str, ca: Path | None) -> Relay:
    return replace(server.relay, scheme=kind, ca=ca, user="docket", password="s3cret")


@pytest.mark.parametrize("kind", KINDS)
def test_messages_go_over_tls_whole_and_after_signing_in(kind: str, good: Path) -> None:
    bodies = [MESSAGE, LARGE, MESSAGE]
    work = Recorder(parcel(key, message=body) for key, body in enumerate(bodies))
    with serving(good, kind) as server, pooling(work, relay_of(server, kind, good)) as pool:
        sent(work, pool, 3)
        pool.drain(5)
    assert work.outcomes == dict.fromkeys(range(3), Outcome.SENT)
    assert [unstuffed(body) for body in server.bodies] == bodies
    assert server.verbs.count("AUTH") == server.verbs.count("QUIT") == 1
    assert server.verbs.index("AUTH") > server.verbs.index("EHLO")


@pytest.mark.parametrize("kind", KINDS)
def test_the_client_speaks_tls_too(kind: str, good: Path) -> None:
    with serving(good, kind) as server, Client(relay_of(server, kind, good), PATIENT) as client:
        assert client.probe() == ""
        answer = client.send("a@example.org", "b@example.org", LARGE)
    assert answer.outcome is Outcome.SENT
    assert unstuffed(server.bodies[0]) == LARGE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ["unknown", "host", "expired"])
def test_a_certificate_that_is_not_valid_gets_neither_password_nor_mail(
    kind: str, wrong: str, tmp_path: Path
) -> None:
    shown = certificate(
        tmp_path,
        "127.0.0.2" if wrong == "host" else "127.0.0.1",
        days=-1 if wrong == "expired" else 1,
    )
    trusted = None if wrong == "unknown" else shown
    work = Recorder([parcel(0)])
    with serving(shown, kind) as server:
        with pooling(work, relay_of(server, kind, trusted)) as pool:
            sent(work, pool, 1)
        with Client(relay_of(server, kind, trusted), PATIENT) as client:
            assert "certificate" in client.probe()
    answer = work.answers[0]
    assert answer.outcome is Outcome.RELAY_TROUBLE
    assert answer.stage is (Stage.CONNECT if kind == "smtps" else Stage.STARTTLS)
    assert "certificate is not valid" in answer.text
    assert set(server.verbs) <= {"EHLO", "STARTTLS"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_speaks_no_tls_is_trouble(kind: str, good: Path) -> None:
    work = Recorder([parcel(0)])
    script = {"EHLO": OFFERS, "STARTTLS": "220 go ahead\nbanana"}
    with Faulty(script) as server:
        server.tls = server_context(good)
        with pooling(work, relay_of(server, kind, good)) as pool:
            sent(work, pool, 1)
    assert work.answers[0].outcome is Outcome.RELAY_TROUBLE
    assert "MAIL" not in server.verbs


def test_authorities_that_cannot_be_read_are_trouble_and_no_crash(tmp_path: Path) -> None:
    (broken := tmp_path / "broken.pem").write_text("not a certificate")
    work = Recorder([parcel(0)])
    relay = Relay("smtps", "127.0.0.1", 1, connections=1, ca=broken)
    with pooling(work, relay) as pool:
        sent(work, pool, 1)
    assert work.answers[0].outcome is Outcome.RELAY_TROUBLE
    with Client(relay, PATIENT) as client:
        assert client.probe()


def test_old_versions_of_tls_are_not_spoken(good: Path) -> None:
    context = server_context(good)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    work = Recorder([parcel(0)])
    server = Faulty(SCRIPT, tls=context, implicit=True)
    with server, pooling(work, relay_of(server, "smtps", good)) as pool:
        sent(work, pool, 1)
    assert work.answers[0].outcome is Outcome.SENT
