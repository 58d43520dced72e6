"""What the client says to a relay, and how many connections it takes."""

import base64
import socket
from dataclasses import replace

import pytest

from app.mail.answers import Outcome, Stage
from app.mail.relay import Relay
from app.mail.smtp import Client
from tests.mail.faulty import BRISK, CLOSE, PATIENT, Faulty, Reply, Script, talking, unstuffed

MESSAGE = b"Subject: Hello\r\n\r\nHello.\r\n"
SENDER = "news@example.org"
SOMEBODY = "ada@example.org"


def test_a_message_is_handed_over_and_the_session_ends_with_quit() -> None:
    with talking() as (server, client):
        answer = client.send(SENDER, SOMEBODY, MESSAGE)
    assert answer.outcome is Outcome.SENT
    assert answer.stage is Stage.DOT
    assert (answer.code, answer.text, answer.enhanced) == (250, "2.0.0 taken", "2.0.0")
    assert answer.relay == server.relay.name
    assert server.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert server.said_to("MAIL") == [f"MAIL FROM:<{SENDER}>"]
    assert server.said_to("RCPT") == [f"RCPT TO:<{SOMEBODY}>"]
    assert [unstuffed(body) for body in server.bodies] == [MESSAGE]


def test_several_messages_use_one_connection() -> None:
    with talking() as (server, client):
        for number in range(5):
            answer = client.send(SENDER, f"m{number}@example.org", MESSAGE)
            assert answer.outcome is Outcome.SENT
    assert server.connections == 1
    assert server.verbs.count("EHLO") == 1
    assert server.said_to("RCPT") == [f"RCPT TO:<m{n}@example.org>" for n in range(5)]
    assert [unstuffed(body) for body in server.bodies] == [MESSAGE] * 5


@pytest.mark.parametrize(
    "body",
    [
        b".\r\n",
        b"..\r\n...\r\n",
        b"before\r\n.\r\nafter\r\n",
        b".leading\r\nin . the middle\r\n.\r\n",
        b"\r\n\r\n",
        b"\r\n",
        b"x" * 998 + b"\r\n." + b"y" * 500 + b"\r\n",
        b"QUIT\r\n.\r\nMAIL FROM:<thief@example.net>\r\n",
    ],
)
@pytest.mark.parametrize("head", [b"Subject: Dots\r\n\r\n", b""])
def test_dots_and_line_ends_come_out_as_they_went_in(head: bytes, body: bytes) -> None:
    with talking() as (server, client):
        assert client.send(SENDER, SOMEBODY, head + body).outcome is Outcome.SENT
    assert [unstuffed(received) for received in server.bodies] == [head + body]
    assert server.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_a_large_message_arrives_whole() -> None:
    message = b"Subject: Large\r\n\r\n" + b".a line of some length, with a dot\r\n" * 20_000
    with talking() as (server, client):
        assert client.send(SENDER, SOMEBODY, message).outcome is Outcome.SENT
    assert unstuffed(server.bodies[0]) == message


def test_a_relay_that_knows_only_helo_is_asked_for_no_extension() -> None:
    with talking({"EHLO": "502 5.5.1 what?"}) as (server, client):
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT
    assert server.verbs == ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert server.said_to("MAIL") == [f"MAIL FROM:<{SENDER}>"]


def test_what_the_relay_offers_is_used_where_it_is_needed() -> None:
    script: Script = {"EHLO": "250-faulty\n250-SIZE 100000\n250-8BITMIME\n250 SMTPUTF8"}
    eight_bit = "Subject: Hello\r\n\r\nGrüße\r\n".encode()
    with talking(script) as (server, client):
        for recipient, message in (
            (SOMEBODY, MESSAGE),
            (SOMEBODY, eight_bit),
            ("jörg@example.org", MESSAGE),
            (SOMEBODY, MESSAGE),
        ):
            assert client.send(SENDER, recipient, message).outcome is Outcome.SENT
    size = f"MAIL FROM:<{SENDER}> SIZE={len(MESSAGE)}"
    assert server.said_to("MAIL") == [
        size,
        f"MAIL FROM:<{SENDER}> SIZE={len(eight_bit)} BODY=8BITMIME",
        f"{size} SMTPUTF8",
        size,
    ]
    assert server.said_to("RCPT")[2] == "RCPT TO:<jörg@example.org>"
    assert unstuffed(server.bodies[1]) == eight_bit


@pytest.mark.parametrize("limit", ["SIZE", "SIZE 0"])
def test_a_size_without_a_limit_is_no_limit(limit: str) -> None:
    with talking({"EHLO": f"250-faulty\n250 {limit}"}) as (_, client):
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT


def test_a_message_beyond_the_size_offered_is_not_even_begun() -> None:
    with talking({"EHLO": "250-faulty\n250 SIZE 30"}) as (server, client):
        answer = client.send(SENDER, SOMEBODY, MESSAGE + b"x" * 40 + b"\r\n")
        assert answer.outcome is Outcome.GIVE_UP
        assert "the relay takes 30" in answer.text
        assert client.send(SENDER, SOMEBODY, b"a: b\r\n\r\n").outcome is Outcome.SENT
    assert server.verbs == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_an_address_beyond_ascii_needs_smtputf8_and_only_its_domain_does_not() -> None:
    with talking({"EHLO": "250-faulty\n250 8BITMIME"}) as (server, client):
        answer = client.send(SENDER, "jörg@example.org", MESSAGE)
        assert answer.outcome is Outcome.GIVE_UP
        assert "SMTPUTF8" in answer.text
        assert client.send(SENDER, "joerg@bücher.example", MESSAGE).outcome is Outcome.SENT
        broken = client.send(SENDER, "joerg@ü..example", MESSAGE)
        assert broken.outcome is Outcome.GIVE_UP
    assert server.said_to("RCPT") == ["RCPT TO:<joerg@xn--bcher-kva.example>"]


def test_the_user_signs_in_once_a_connection() -> None:
    script: Script = {"EHLO": "250-faulty\n250 AUTH PLAIN", "AUTH": "235 2.7.0 welcome"}
    with Faulty(script) as server:
        relay = replace(server.relay, user="docket", password="s3cret")
        with Client(relay, PATIENT) as client:
            for _ in range(2):
                assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT
    (line,) = server.said_to("AUTH")
    assert base64.b64decode(line.split()[-1]) == b"\0docket\0s3cret"


@pytest.mark.parametrize("lost", [CLOSE, Reply("421 4.4.2 idle for too long", close=True)])
def test_a_kept_connection_that_the_relay_closed_is_opened_again(lost: Reply) -> None:
    with talking({"MAIL": ["250 ok", lost, "250 ok"]}) as (server, client):
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT
    assert server.connections == 2
    assert len(server.bodies) == 2


def test_a_relay_that_always_closes_is_asked_twice_and_no_more() -> None:
    with talking({"MAIL": ["250 ok", CLOSE]}) as (server, client):
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.RETRY
    assert server.connections == 2


def test_a_probe_says_what_is_wrong_or_nothing() -> None:
    with talking() as (_, client):
        assert client.probe() == ""
    with talking({"CONNECT": "554 5.3.2 not today"}) as (_, client):
        assert client.probe() == "554 5.3.2 not today"
    assert client.probe() != ""  # nobody listens there any more


def test_nobody_listening_is_trouble_of_the_relay() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Client(Relay("smtp", "127.0.0.1", port), BRISK) as client:
        answer = client.send(SENDER, SOMEBODY, MESSAGE)
    assert (answer.outcome, answer.stage) == (Outcome.RELAY_TROUBLE, Stage.CONNECT)
    assert answer.code is None
    assert answer.relay == f"127.0.0.1:{port}"


def test_closing_twice_or_before_anything_was_sent_is_nothing() -> None:
    with Faulty({"QUIT": CLOSE}) as server:
        client = Client(server.relay, PATIENT)
        client.close()
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT
        client.close()
        client.close()
    assert server.verbs.count("QUIT") == 1
