"""What the client makes of each thing that goes wrong, and that it works again afterwards."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.mail.answers import Answer, Outcome, Stage
from app.mail.smtp import Client
from app.mail.timeouts import Timeouts
from tests.mail.faulty import BRISK, CLOSE, PATIENT, SILENT, Faulty, Reply, Said, Script, talking

MESSAGE = b"Subject: Hello\r\n\r\nHello.\r\n"
LARGE = b"Subject: Large\r\n\r\n" + b"a line of some length\r\n" * 700_000  # no buffer holds it
SENDER = "news@example.org"
SOMEBODY = "ada@example.org"

RETRY, GIVE_UP = Outcome.RETRY, Outcome.GIVE_UP
TROUBLE, UNKNOWN = Outcome.RELAY_TROUBLE, Outcome.UNKNOWN

LOST = [
    ("CONNECT", Stage.CONNECT, TROUBLE),
    ("EHLO", Stage.EHLO, TROUBLE),
    ("MAIL", Stage.MAIL, RETRY),
    ("RCPT", Stage.RCPT, RETRY),
    ("DATA", Stage.DATA, RETRY),
    ("DOT", Stage.DOT, UNKNOWN),
]
REFUSED = [
    ("CONNECT", "554 5.3.2 go away", Stage.CONNECT, TROUBLE),
    ("CONNECT", "421 4.3.2 not now", Stage.CONNECT, TROUBLE),
    ("CONNECT", "250 not a greeting", Stage.CONNECT, TROUBLE),
    ("MAIL", "451 4.3.0 later", Stage.MAIL, RETRY),
    ("MAIL", "452 4.3.1 full", Stage.MAIL, RETRY),
    ("MAIL", "550 5.7.1 not from you", Stage.MAIL, TROUBLE),
    ("MAIL", "552 5.3.4 too big", Stage.MAIL, GIVE_UP),
    ("MAIL", "530 5.7.0 sign in first", Stage.MAIL, TROUBLE),
    ("MAIL", "421 4.3.2 closing", Stage.MAIL, TROUBLE),
    ("RCPT", "450 4.2.1 greylisted", Stage.RCPT, RETRY),
    ("RCPT", "550 5.1.1 nobody of that name", Stage.RCPT, GIVE_UP),
    ("RCPT", "553 5.1.3 no such address", Stage.RCPT, GIVE_UP),
    ("RCPT", "421 4.7.0 too fast", Stage.RCPT, TROUBLE),
    ("DATA", "451 4.3.0 later", Stage.DATA, RETRY),
    ("DATA", "554 5.5.1 no valid recipients", Stage.DATA, GIVE_UP),
    ("DATA", "421 4.3.2 closing", Stage.DATA, TROUBLE),
    ("DOT", "451 4.7.1 later", Stage.DOT, RETRY),
    ("DOT", "452 4.3.1 full", Stage.DOT, RETRY),
    ("DOT", "552 5.3.4 too big", Stage.DOT, GIVE_UP),
    ("DOT", "554 5.7.1 looks like spam", Stage.DOT, GIVE_UP),
    ("DOT", "421 4.3.2 closing", Stage.DOT, TROUBLE),
]


def _faults(
    script: Script, then: Outcome = Outcome.SENT, timeouts: Timeouts = PATIENT
) -> tuple[Answer, Faulty]:
    """The answer to the first message, once the second has come out as it should."""
    with talking(script, timeouts) as (server, client):
        first = client.send(SENDER, SOMEBODY, MESSAGE)
        second = client.send(SENDER, "bob@example.org", MESSAGE)
    assert second.outcome is then
    return first, server


def _twice(stage: str, fault: Said) -> Script:
    """The fault comes once; after it all is well."""
    usual = {"CONNECT": "220 hello", "DATA": "354 go on"}.get(stage, "250 ok")
    return {stage: [fault, usual]}


@pytest.mark.parametrize(("where", "stage", "outcome"), LOST)
def test_a_lost_connection_is_sorted_by_whether_the_dot_was_sent(
    where: str, stage: Stage, outcome: Outcome
) -> None:
    script = _twice(where, CLOSE)
    if where == "EHLO":
        script = {"EHLO": [CLOSE, "250 ok"], "HELO": CLOSE}
    answer, server = _faults(script)
    assert (answer.stage, answer.outcome, answer.code) == (stage, outcome, None)
    assert answer.text
    assert server.connections == 2


@pytest.mark.parametrize(("where", "stage", "outcome"), LOST)
def test_silence_is_a_lost_connection(where: str, stage: Stage, outcome: Outcome) -> None:
    answer, server = _faults(_twice(where, SILENT), timeouts=BRISK)
    assert (answer.stage, answer.outcome, answer.code) == (stage, outcome, None)
    assert "timed out" in answer.text
    assert server.connections == 2


@pytest.mark.parametrize(("where", "stage", "outcome"), LOST)
def test_an_answer_that_is_not_smtp_is_none(where: str, stage: Stage, outcome: Outcome) -> None:
    script = _twice(where, "banana\0 \x1b[31msplit")
    if where == "EHLO":
        script = {"EHLO": ["banana", "250 ok"], "HELO": "banana"}
    answer, _ = _faults(script)
    assert (answer.stage, answer.outcome, answer.code) == (stage, outcome, None)
    assert answer.text.isprintable()


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_line_without_end_is_no_answer(where: str) -> None:
    answer, _ = _faults(_twice(where, "250 " + "x" * 70_000))
    assert answer.outcome is (UNKNOWN if where == "DOT" else RETRY)


def test_a_connection_lost_in_the_middle_of_the_body_is_a_retry() -> None:
    with talking({"BODY": [CLOSE, ""]}) as (server, client):
        answer = client.send(SENDER, SOMEBODY, LARGE)
        assert (answer.stage, answer.outcome) == (Stage.DATA, RETRY)
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT
    assert len(server.bodies) == 1


@pytest.mark.parametrize(("where", "line", "stage", "outcome"), REFUSED)
def test_a_refusal_is_sorted_by_its_code_and_the_next_message_goes_out(
    where: str, line: str, stage: Stage, outcome: Outcome
) -> None:
    answer, server = _faults(_twice(where, Reply(line, close=line.startswith(("421", "554 5.3")))))
    assert (answer.stage, answer.outcome) == (stage, outcome)
    assert f"{answer.code} {answer.text}" == line
    assert server.connections == (2 if outcome is TROUBLE else 1)
    assert len(server.bodies) == (2 if where == "DOT" else 1)
    # Only a MAIL that was accepted, and not consumed by a body, has to be taken back.
    assert server.verbs.count("RSET") == (where in ("RCPT", "DATA") and outcome is not TROUBLE)


@pytest.mark.parametrize("line", ["554 5.7.1 go away", "421 4.3.2 closing"])
def test_a_refused_hello_is_trouble_of_the_relay(line: str) -> None:
    answer, server = _faults({"EHLO": [line, "250 ok"], "HELO": line})
    assert (answer.stage, answer.outcome) == (Stage.EHLO, TROUBLE)
    assert f"{answer.code} {answer.text}" == line
    assert server.connections == 2


def test_an_answer_of_many_lines_is_read_whole() -> None:
    lines = "550-5.1.1 The address\n550-5.1.1 you wrote to\n550 5.1.1 is not here"
    answer, _ = _faults(_twice("RCPT", lines))
    assert answer.code == 550
    assert answer.enhanced == "5.1.1"
    assert answer.text == "5.1.1 The address 5.1.1 you wrote to 5.1.1 is not here"


def test_a_yes_to_a_question_that_was_not_asked_ends_the_session() -> None:
    answer, server = _faults(_twice("DATA", "250 ok"))
    assert (answer.stage, answer.outcome) == (Stage.DATA, RETRY)
    assert server.connections == 2
    assert len(server.bodies) == 1


def test_go_on_after_the_final_dot_is_no_answer() -> None:
    answer, server = _faults(_twice("DOT", "354 go on"))
    assert (answer.stage, answer.outcome, answer.code) == (Stage.DOT, UNKNOWN, None)
    assert "354" in answer.text
    assert server.connections == 2


@pytest.mark.parametrize("reset", [CLOSE, "500 what?", "banana", Reply("421 bye", close=True)])
def test_a_refusal_stands_even_if_the_reset_fails(reset: Said) -> None:
    answer, _ = _faults({"RCPT": ["550 5.1.1 nobody", "250 ok"], "RSET": reset})
    assert (answer.outcome, answer.code) == (GIVE_UP, 550)


def test_a_slow_answer_within_the_limit_is_an_answer() -> None:
    late = Reply("250 ok", late=0.1)
    with talking({"MAIL": late, "DOT": late}) as (_, client):
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT


def test_each_stage_has_a_limit_of_its_own() -> None:
    late = Reply("250 ok", late=0.3)
    with talking({"DOT": late}, replace(PATIENT, reply=0.15)) as (_, client):
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is Outcome.SENT
    with talking({"RCPT": late}, replace(PATIENT, reply=0.15)) as (_, client):
        assert client.send(SENDER, SOMEBODY, MESSAGE).outcome is RETRY


@pytest.fixture
def refusing_auth(request: pytest.FixtureRequest) -> Iterator[Faulty]:
    with Faulty({"EHLO": "250-faulty\n250 AUTH PLAIN", "AUTH": request.param}) as server:
        yield server


@pytest.mark.parametrize(
    "refusing_auth",
    ["535 5.7.8 wrong", "454 4.7.0 later", "530 5.7.0 no", "500 what?", "banana", CLOSE],
    indirect=True,
)
def test_a_refused_sign_in_is_trouble_of_the_relay(refusing_auth: Faulty) -> None:
    relay = replace(refusing_auth.relay, user="docket", password="s3cret")
    with Client(relay, PATIENT) as client:
        answer = client.send(SENDER, SOMEBODY, MESSAGE)
        probed = client.probe()
    assert (answer.stage, answer.outcome) == (Stage.AUTH, TROUBLE)
    assert probed
    assert "s3cret" not in repr(answer) + probed
    assert "MAIL" not in refusing_auth.verbs


def test_a_relay_that_offers_no_sign_in_gets_no_password() -> None:
    with Faulty() as server:
        relay = replace(server.relay, user="docket", password="s3cret")
        with Client(relay, PATIENT) as client:
            answer = client.send(SENDER, SOMEBODY, MESSAGE)
    assert (answer.stage, answer.outcome) == (Stage.AUTH, TROUBLE)
    assert set(server.verbs) <= {"EHLO", "QUIT"}


@pytest.mark.parametrize("hello", ["250 faulty", "250-faulty\n250 STARTTLS"])
def test_a_relay_without_tls_gets_neither_password_nor_mail(hello: str) -> None:
    with Faulty({"EHLO": hello, "STARTTLS": "454 4.7.0 no TLS"}) as server:
        relay = replace(server.relay, scheme="smtp+starttls", user="docket", password="s3cret")
        with Client(relay, PATIENT) as client:
            answer = client.send(SENDER, SOMEBODY, MESSAGE)
    assert (answer.stage, answer.outcome) == (Stage.STARTTLS, TROUBLE)
    assert set(server.verbs) <= {"EHLO", "STARTTLS", "QUIT"}
