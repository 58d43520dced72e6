"""Sorting what relays say, and when to try again."""

from datetime import UTC, datetime, timedelta

import pytest

from app.mail.answers import (
    GROWING,
    Answer,
    Outcome,
    Stage,
    next_try,
    sort_failure,
    sort_reply,
    unsendable,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SESSION = [Stage.CONNECT, Stage.EHLO, Stage.STARTTLS, Stage.AUTH]
MESSAGE = [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT]


@pytest.mark.parametrize("stage", SESSION)
@pytest.mark.parametrize("code", [220, 250, 334, 421, 454, 500, 502, 530, 534, 535, 554, -1])
def test_before_a_message_is_begun_every_answer_is_about_the_relay(stage: Stage, code: int) -> None:
    assert sort_reply(stage, code, "", "r").outcome is Outcome.RELAY_TROUBLE


@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA, Stage.DOT])
@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (421, Outcome.RELAY_TROUBLE),
        (450, Outcome.RETRY),
        (451, Outcome.RETRY),
        (452, Outcome.RETRY),
        (455, Outcome.RETRY),
        (499, Outcome.RETRY),
        (500, Outcome.GIVE_UP),
        (503, Outcome.RETRY),
        (530, Outcome.RELAY_TROUBLE),
        (534, Outcome.RELAY_TROUBLE),
        (535, Outcome.RELAY_TROUBLE),
        (538, Outcome.RELAY_TROUBLE),
        (550, Outcome.GIVE_UP),
        (551, Outcome.GIVE_UP),
        (552, Outcome.GIVE_UP),
        (553, Outcome.GIVE_UP),
        (554, Outcome.GIVE_UP),
        (555, Outcome.GIVE_UP),
        (599, Outcome.GIVE_UP),
    ],
)
def test_a_refused_message_is_sorted_by_its_code(stage: Stage, code: int, outcome: Outcome) -> None:
    assert sort_reply(stage, code, "5.1.1 no", "mx:25") == Answer(
        outcome, stage, "mx:25", code, "5.1.1 no"
    )


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        (550, "not from you", Outcome.RELAY_TROUBLE),
        (550, "5.7.1 not from you", Outcome.RELAY_TROUBLE),
        (550, "5.7.26 not authenticated", Outcome.RELAY_TROUBLE),
        (551, "5.7.1 no", Outcome.RELAY_TROUBLE),
        (553, "5.1.8 no such domain", Outcome.RELAY_TROUBLE),
        (553, "5.1.7 bad sender", Outcome.RELAY_TROUBLE),
        (501, "5.1.7 bad sender", Outcome.RELAY_TROUBLE),
        (554, "5.7.0 client blocked", Outcome.RELAY_TROUBLE),
        (530, "5.7.0 sign in first", Outcome.RELAY_TROUBLE),
        (421, "4.3.2 closing", Outcome.RELAY_TROUBLE),
        (552, "5.3.4 too big", Outcome.GIVE_UP),
        (554, "5.3.4 too big", Outcome.GIVE_UP),
        (500, "what?", Outcome.GIVE_UP),
        (501, "5.5.4 bad parameter", Outcome.GIVE_UP),
        (555, "5.5.4 no SMTPUTF8", Outcome.GIVE_UP),
        (503, "5.5.1 nested MAIL", Outcome.RETRY),
        (451, "4.3.0 later", Outcome.RETRY),
        (452, "4.3.1 full", Outcome.RETRY),
    ],
)
def test_a_refusal_of_the_sender_says_nothing_of_the_recipient(
    code: int, text: str, outcome: Outcome
) -> None:
    assert sort_reply(Stage.MAIL, code, text, "r").outcome is outcome


@pytest.mark.parametrize(
    ("stage", "code", "text", "outcome"),
    [
        (Stage.RCPT, 553, "5.7.1 <a@b>: Sender address rejected: not owned", Outcome.RELAY_TROUBLE),
        (Stage.RCPT, 550, "5.1.8 <a@b>: Domain not found", Outcome.RELAY_TROUBLE),
        (Stage.RCPT, 554, "5.7.1 Client host rejected: denied", Outcome.RELAY_TROUBLE),
        (Stage.RCPT, 554, "5.7.1 Client host [192.0.2.1] blocked using x", Outcome.RELAY_TROUBLE),
        (Stage.RCPT, 554, "5.7.1 <m@x>: Relay access denied", Outcome.RETRY),
        (Stage.RCPT, 550, "relaying denied", Outcome.RETRY),
        (Stage.DOT, 550, "5.7.26 unauthenticated sender", Outcome.RETRY),
        (Stage.DOT, 550, "5.7.515 not compliant", Outcome.RETRY),
        (Stage.DOT, 554, "5.7.1 looks like spam", Outcome.GIVE_UP),
        (Stage.RCPT, 550, "5.7.1 the member wants no mail", Outcome.GIVE_UP),
    ],
)
def test_what_is_about_us_is_no_failure_of_a_recipient(
    stage: Stage, code: int, text: str, outcome: Outcome
) -> None:
    assert sort_reply(stage, code, text, "r").outcome is outcome


@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA, Stage.DOT])
def test_a_relay_for_some_domains_speaks_of_them_when_it_closes(stage: Stage) -> None:
    answer = sort_reply(stage, 421, "4.7.0 too fast", "r", dedicated=True)
    assert answer.outcome is Outcome.RETRY
    assert answer.throttled
    at_mail = sort_reply(Stage.MAIL, 421, "4.7.0 too fast", "r", dedicated=True)
    assert at_mail.outcome is Outcome.RELAY_TROUBLE


@pytest.mark.parametrize(
    ("stage", "code", "text", "throttled"),
    [
        (Stage.RCPT, 450, "4.2.1 receiving mail too quickly", True),
        (Stage.RCPT, 421, "4.7.28 unusual rate of unsolicited mail", True),
        (Stage.DOT, 451, "4.7.650 slow down", True),
        (Stage.DOT, 452, "Rate limit exceeded", True),
        (Stage.DOT, 451, "4.3.0 too many messages", True),
        (Stage.DATA, 450, "4.7.1 wait", True),
        (Stage.RCPT, 450, "4.7.1 Greylisted, come back", False),
        (Stage.RCPT, 451, "4.3.0 local error", False),
        (Stage.RCPT, 450, "4.2.2 mailbox full", False),
        (Stage.RCPT, 452, "4.5.3 too many recipients", False),
        (Stage.RCPT, 550, "5.7.1 rate limit", False),
        (Stage.MAIL, 451, "4.7.1 slow down", False),
        (Stage.EHLO, 421, "4.7.0 too many connections", False),
        (Stage.DOT, 250, "4.7.0 nonsense", False),
    ],
)
def test_a_domain_that_asks_for_less_is_recognised(
    stage: Stage, code: int, text: str, throttled: bool
) -> None:
    assert sort_reply(stage, code, text, "r").throttled is throttled


@pytest.mark.parametrize(
    ("stage", "code", "text", "full"),
    [
        (Stage.RCPT, 452, "4.2.2 mailbox full", True),
        (Stage.RCPT, 552, "5.2.2 over quota", True),
        (Stage.DOT, 552, "no room", True),
        (Stage.RCPT, 550, "The user's mailbox is full", True),
        (Stage.RCPT, 451, "Quota exceeded", True),
        (Stage.DOT, 552, "5.3.4 too big", False),
        (Stage.MAIL, 552, "too big", False),
        (Stage.RCPT, 550, "5.1.1 nobody", False),
        (Stage.DOT, 250, "2.0.0 mailbox full of joy", False),
    ],
)
def test_a_full_mailbox_is_recognised(stage: Stage, code: int, text: str, full: bool) -> None:
    assert sort_reply(stage, code, text, "r").mailbox_full is full


def test_a_lost_connection_is_neither_throttled_nor_full() -> None:
    answer = sort_failure(Stage.DOT, "mailbox full, slow down", "r")
    assert not answer.throttled
    assert not answer.mailbox_full


@pytest.mark.parametrize("code", [250, 251, 252])
def test_a_yes_to_the_final_dot_is_sent(code: int) -> None:
    assert sort_reply(Stage.DOT, code, "ok", "r").outcome is Outcome.SENT


@pytest.mark.parametrize("code", [-1, 0, 12, 150, 354, 600, 999])
def test_what_is_no_answer_counts_as_none(code: int) -> None:
    for stage in MESSAGE:
        answer = sort_reply(stage, code, "what", "r")
        assert answer.outcome is sort_failure(stage, "", "r").outcome
        assert answer.code is None
        assert "what" in answer.text


@pytest.mark.parametrize("stage", Stage)
def test_a_lost_connection_is_sorted_by_its_stage(stage: Stage) -> None:
    expected = {Stage.DOT: Outcome.UNKNOWN} | dict.fromkeys(SESSION, Outcome.RELAY_TROUBLE)
    answer = sort_failure(stage, "lost", "mx:25")
    assert answer == Answer(expected.get(stage, Outcome.RETRY), stage, "mx:25", None, "lost")


def test_a_message_that_cannot_be_written_is_given_up() -> None:
    answer = unsendable("no\nsuch thing")
    assert (answer.outcome, answer.code, answer.text) == (Outcome.GIVE_UP, None, "no such thing")


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [
        ("5.1.1 nobody", "5.1.1"),
        ("4.7.650 slow down", "4.7.650"),
        ("2.0.0", "2.0.0"),
        ("nobody 5.1.1", None),
        ("3.1.1 no class", None),
        ("5.1.1111 too long", None),
        ("5.1", None),
        ("", None),
    ],
)
def test_the_enhanced_status_is_read_at_the_beginning_only(text: str, enhanced: str | None) -> None:
    assert sort_reply(Stage.RCPT, 550, text, "r").enhanced == enhanced


def test_the_text_is_one_line_of_bounded_length_without_control_characters() -> None:
    text = sort_reply(Stage.RCPT, 550, "a\0b \x1b[31m\r\n\tc\u2028d" + "x" * 9999, "r").text
    assert text.startswith("a b [31m c d")
    assert len(text) == 500
    assert text.isprintable()


def test_the_next_try_comes_ever_later_and_ends() -> None:
    tries: list[timedelta] = []
    while (at := next_try(len(tries) + 1, NOW)) is not None:
        tries.append(at - NOW)
        assert len(tries) < 100
    assert tries == list(GROWING)
    assert tries == sorted(tries)
    assert tries[0] > timedelta(0)
    assert timedelta(days=1) < sum(tries, timedelta()) < timedelta(days=5)


@pytest.mark.parametrize("attempt", [len(GROWING) + 1, len(GROWING) + 2, 1000])
def test_after_the_last_try_there_is_none(attempt: int) -> None:
    assert next_try(attempt, NOW) is None


@pytest.mark.parametrize("attempt", [0, -1])
def test_an_attempt_before_the_first_counts_as_the_first(attempt: int) -> None:
    assert next_try(attempt, NOW) == NOW + GROWING[0]
