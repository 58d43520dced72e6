"""The dialogue without a socket: each answer goes to its letter, however the bytes come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.answers import Outcome, Stage
from app.mail.dialogue import Dialogue
from app.mail.envelope import Unsendable
from app.mail.letter import Letter
from app.mail.relay import Relay
from tests.mail.model import (
    CHUNKING,
    OFFERS,
    PIPELINING,
    PLAIN,
    RELAY,
    SLOW_CHUNKING,
    Model,
    converse,
    opened,
    written,
)

BODY = b"Subject: Hello\r\n\r\n.Dots\r\n..and more\r\n"
SENT, RETRY, UNKNOWN = Outcome.SENT, Outcome.RETRY, Outcome.UNKNOWN
GIVE_UP, TROUBLE = Outcome.GIVE_UP, Outcome.RELAY_TROUBLE


def letter(name: str, message: bytes = BODY, dotless: bool = False) -> Letter:
    return Letter(f"{name}@example.org", f"{name}@example.org", message, dotless)


ADA, BOB, EVE = letter("ada"), letter("bob"), letter("eve")

REFUSALS = st.fixed_dictionaries(
    {},
    optional={
        "MAIL": st.sampled_from(["451 4.3.0 m", "552 5.3.4 m"]),
        "RCPT": st.sampled_from(["450 4.2.0 r", "550 5.1.1 r", "251 will forward"]),
        "DATA": st.sampled_from(["451 4.3.0 d", "554 5.6.0 d"]),
        "DOT": st.sampled_from(["451 4.3.0 dot", "554 5.7.1 dot"]),
        "EMPTY": st.sampled_from(["554 5.5.1 nobody", "250 nothing taken"]),
    },
)


def expected(decided: dict[str, str], chunking: bool) -> str:
    """What a letter must be told, by the first refusal on its way."""
    ways = ("MAIL", "RCPT", "DOT") if chunking else ("MAIL", "RCPT", "DATA", "DOT")
    return next((decided[w] for w in ways if decided.get(w, "2")[0] != "2"), "250 2.0.0 taken")


@given(st.lists(REFUSALS, max_size=6), st.sampled_from(OFFERS), st.lists(st.integers(1, 40)))
def test_every_letter_gets_its_own_answer(
    decisions: list[dict[str, str]], offers: str, cuts: list[int]
) -> None:
    letters = [letter(f"m{number}") for number in range(len(decisions))]
    decided = {sent.recipient: each for sent, each in zip(letters, decisions, strict=True)}
    model, dialogue = Model(decided), opened(offers)
    answers = converse(dialogue, model, letters, cuts)
    wanted = [expected(each, "CHUNKING" in offers) for each in decisions]
    assert [f"{answer.code} {answer.text}" for answer in answers] == wanted
    taken = [
        sent.recipient for sent, said in zip(letters, wanted, strict=True) if said.startswith("2")
    ]
    assert model.taken == [(recipient, BODY) for recipient in taken]
    assert dialogue.idle


@given(st.data())
def test_replies_may_be_cut_anywhere(data: st.DataObject) -> None:
    said = (
        b"250-2.0.0 queued\r\n250 2.0.0 as 1\r\n250 2.1.0 ok\r\n550-5.1.1 nobody\r\n"
        b"550 5.1.1 of that name\r\n503 5.5.1 no recipients\r\n"
    )
    whole, pieces = _waiting_for_a_group(), _waiting_for_a_group()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(said)))))
    answers = list(whole.receive(said))
    parts = [said[a:b] for a, b in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert [answer for part in parts for answer in pieces.receive(part)] == answers
    assert [(answer.code, answer.text) for answer in answers] == [
        (250, "2.0.0 queued 2.0.0 as 1"),
        (550, "5.1.1 nobody 5.1.1 of that name"),
    ]
    assert whole.idle and pieces.idle


LINES = st.sampled_from(
    [b"250 ok", b"250-ok", b"250", b"354 go", b"550 no", b"421 bye", b"503 no", b"banana", b""]
)


@given(st.lists(LINES, max_size=8), st.lists(st.integers(1, 12), max_size=20))
def test_what_is_no_reply_ends_the_session_at_the_same_place_however_it_is_cut(
    lines: list[bytes], sizes: list[int]
) -> None:
    said = b"".join(line + b"\r\n" for line in lines)
    whole, pieces = _waiting_for_a_group(), _waiting_for_a_group()
    answers = list(whole.receive(said))
    heard = []
    while said:
        size = sizes.pop() if sizes else 1
        heard += pieces.receive(said[:size])
        said = said[size:]
    assert heard == answers
    assert whole.trouble == pieces.trouble


@given(st.binary(max_size=300), st.integers(0, 3))
def test_whatever_is_said_each_letter_is_answered_once(noise: bytes, yeses: int) -> None:
    dialogue = _waiting_for_a_group()
    answers = list(dialogue.receive(b"250 ok\r\n" * yeses + noise))
    answers += dialogue.lost("gone")
    assert len(answers) == 2
    assert dialogue.lost("gone again") == []
    # What was never started is never unknown.
    assert answers[1].outcome is not UNKNOWN


def _waiting_for_a_group() -> Dialogue:
    """The body of one letter and the envelope of the next are written, nothing is answered."""
    dialogue = opened(PIPELINING)
    dialogue.offer(ADA)
    written(dialogue)
    dialogue.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    dialogue.start()
    dialogue.offer(BOB)
    written(dialogue)
    return dialogue


def test_the_end_of_one_letter_goes_out_with_the_envelope_of_the_next() -> None:
    dialogue = opened(PIPELINING)
    dialogue.offer(ADA)
    assert written(dialogue) == (
        b"MAIL FROM:<ada@example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n"
    )
    assert not dialogue.ready
    dialogue.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    dialogue.start()
    dialogue.offer(BOB)
    assert not dialogue.ready
    assert written(dialogue) == (
        b"Subject: Hello\r\n\r\n..Dots\r\n...and more\r\n.\r\n"
        b"MAIL FROM:<bob@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"
    )
    (answer,) = dialogue.receive(b"250 2.0.0 as 1\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    assert (answer.outcome, answer.text) == (SENT, "2.0.0 as 1")
    assert dialogue.go


def test_without_pipelining_each_command_waits_for_its_answer() -> None:
    dialogue, said = opened(PLAIN), []
    dialogue.offer(ADA)
    for reply in (b"250 ok", b"250 ok", b"354 go"):
        said.append(written(dialogue))
        assert not dialogue.ready and not dialogue.go
        dialogue.receive(reply + b"\r\n")
    assert said == [
        b"MAIL FROM:<ada@example.org>\r\n",
        b"RCPT TO:<ada@example.org>\r\n",
        b"DATA\r\n",
    ]
    dialogue.start()
    assert not dialogue.ready


def test_with_chunking_the_body_goes_as_it_is_and_needs_no_leave() -> None:
    dialogue, model = opened(CHUNKING), Model()
    converse(dialogue, model, [ADA, BOB])
    assert model.taken == [(ADA.recipient, BODY), (BOB.recipient, BODY)]
    assert model.commands[2] == b"BDAT %d LAST" % len(BODY)
    assert not any(command.startswith(b"DATA") for command in model.commands)


@pytest.mark.parametrize("offers", [CHUNKING, SLOW_CHUNKING])
def test_a_body_is_never_sent_when_the_recipient_was_refused(offers: str) -> None:
    model = Model({BOB.recipient: {"RCPT": "550 5.1.1 nobody"}})
    answers = converse(opened(offers), model, [ADA, BOB, EVE])
    assert [answer.outcome for answer in answers] == [SENT, GIVE_UP, SENT]
    assert model.bodies_begun == 2


def test_a_refused_letter_that_may_begin_all_the_same_is_ended_at_once_and_empty() -> None:
    decisions = {BOB.recipient: {"RCPT": "450 4.2.0 later", "EMPTY": "250 nothing taken"}}
    model = Model(decisions)
    answers = converse(opened(PIPELINING), model, [ADA, BOB, EVE])
    assert [(answer.outcome, answer.code) for answer in answers] == [
        (SENT, 250),
        (RETRY, 450),
        (SENT, 250),
    ]
    assert [recipient for recipient, _ in model.taken] == [ADA.recipient, EVE.recipient]
    assert model.bodies_begun == 2


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_relay_that_offers_bdat_and_knows_it_not_is_left_and_remembered(code: int) -> None:
    model = Model({ADA.recipient: {"DOT": f"{code} what?"}})
    dialogue = opened(CHUNKING)
    first, second = converse(dialogue, model, [ADA, BOB])
    assert first.outcome is RETRY
    assert (second.outcome, second.stage) == (RETRY, Stage.MAIL)
    assert dialogue.chunking_failed and dialogue.trouble


@pytest.mark.parametrize("dotless", [False, True])
@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"", b".\r\n"),
        (b"\r\n", b"\r\n.\r\n"),
        (b"no end", b"no end\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
    ],
)
def test_the_final_dot_stands_on_a_line_of_its_own(
    message: bytes, wire: bytes, dotless: bool
) -> None:
    dialogue = opened(PLAIN)
    _may_start(dialogue, letter("ada", message, dotless))
    dialogue.start()
    assert written(dialogue) == wire


def test_a_bare_line_feed_hides_no_end_of_the_message() -> None:
    dialogue = opened(PLAIN)
    _may_start(dialogue, letter("ada", b"a\n.\r\nMAIL FROM:<eve@example.net>\r\n"))
    dialogue.start()
    assert written(dialogue) == b"a\n..\r\nMAIL FROM:<eve@example.net>\r\n.\r\n"


def _may_start(dialogue: Dialogue, sent: Letter) -> None:
    dialogue.offer(sent)
    for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
        written(dialogue)
        dialogue.receive(reply)
    assert dialogue.go


def test_no_body_starts_without_leave() -> None:
    dialogue = opened(PIPELINING)
    with pytest.raises(RuntimeError):
        dialogue.start()
    dialogue.offer(ADA)
    with pytest.raises(RuntimeError):
        dialogue.start()


LOST = [
    (0, Outcome.UNKNOWN, Stage.DOT, Stage.MAIL),
    (1, Outcome.SENT, Stage.DOT, Stage.MAIL),
    (2, Outcome.SENT, Stage.DOT, Stage.RCPT),
    (3, Outcome.SENT, Stage.DOT, Stage.DATA),
]


@pytest.mark.parametrize(("answered", "outcome", "stage", "next_stage"), LOST)
def test_what_was_started_is_unknown_and_what_was_not_is_tried_again(
    answered: int, outcome: Outcome, stage: Stage, next_stage: Stage
) -> None:
    dialogue = _waiting_for_a_group()
    answers = [*dialogue.receive(b"250 ok\r\n" * answered), *dialogue.lost("gone")]
    assert [(answer.outcome, answer.stage) for answer in answers] == [
        (outcome, stage),
        (RETRY, next_stage),
    ]
    assert not dialogue.ready and not dialogue.idle


def test_a_body_that_did_not_go_out_whole_cannot_have_been_taken() -> None:
    for kept, outcome in ((1, RETRY), (0, UNKNOWN)):
        dialogue = opened(PIPELINING)
        _may_start(dialogue, ADA)
        dialogue.start()
        end = dialogue.outgoing.size
        dialogue.offer(BOB)
        dialogue.outgoing.wrote(end - kept)
        first, second = dialogue.lost("gone")
        assert (first.outcome, second.outcome) == (outcome, RETRY)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (b"552 5.3.4 too big\r\n", GIVE_UP),
        (b"451 4.3.0 disk\r\n", RETRY),
        (b"421 4.3.2 closing\r\n", TROUBLE),
        (b"250 2.0.0 taken\r\n", RETRY),
        (b"354 go on\r\n", RETRY),
    ],
)
def test_an_answer_before_the_final_dot_ends_the_session(said: bytes, outcome: Outcome) -> None:
    dialogue = opened(PIPELINING)
    _may_start(dialogue, ADA)
    dialogue.start()
    dialogue.outgoing.wrote(5)
    (answer,) = dialogue.receive(said)
    assert (answer.outcome, answer.stage) == (outcome, Stage.DATA)
    assert dialogue.trouble is not None


@pytest.mark.parametrize(
    ("said", "outcomes"),
    [
        (b"354 go\r\n", [UNKNOWN, RETRY]),
        (b"banana\r\n", [UNKNOWN, RETRY]),
        (b"banana\r\n250 ok\r\n250 ok\r\n354 go\r\n", [UNKNOWN, RETRY]),
        (b"199 no\r\n", [UNKNOWN, RETRY]),
        (b"600 no\r\n", [UNKNOWN, RETRY]),
        (b"250-a\r\n251 b\r\n", [UNKNOWN, RETRY]),
        (b"2500 a\r\n", [UNKNOWN, RETRY]),
        (b"250 ok\r\n354 go\r\n", [SENT, RETRY]),
        (b"250 ok\r\n250 ok\r\n354 go\r\n", [SENT, RETRY]),
        (b"250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n", [SENT, RETRY]),
        (b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n", [SENT, RETRY]),
        (b"250 ok\r\n503 nested\r\n503 no\r\n503 no\r\n", [SENT, RETRY]),
        (b"421 bye\r\n", [TROUBLE, RETRY]),
        (b"250 ok\r\n421 bye\r\n", [SENT, TROUBLE]),
        (b"250 ok\r\n530 sign in\r\n", [SENT, TROUBLE]),
    ],
)
def test_what_does_not_fit_ends_the_session(said: bytes, outcomes: list[Outcome]) -> None:
    dialogue = _waiting_for_a_group()
    answers = dialogue.receive(said)
    assert [answer.outcome for answer in answers] == outcomes
    assert dialogue.trouble is not None
    assert not dialogue.ready


def test_a_reply_without_end_is_none() -> None:
    for line in (b"x" * 1000, b"250-" + b"x" * 1000 + b"\r\n"):
        dialogue = _waiting_for_a_group()
        answers = [a for _ in range(70) for a in dialogue.receive(line)]
        assert [answer.outcome for answer in answers] == [UNKNOWN, RETRY]


def test_a_long_answer_is_read_whole() -> None:
    dialogue = _waiting_for_a_group()
    lines = b"".join(b"554-5.7.1 %d\r\n" % n for n in range(1000))
    (answer,) = dialogue.receive(lines + b"554 5.7.1 end\r\n")
    assert answer.text.startswith("5.7.1 0 5.7.1 1 ")


def test_a_bare_line_feed_ends_a_reply_too() -> None:
    dialogue = _waiting_for_a_group()
    (answer,) = dialogue.receive(b"250 ok\n250 ok\n250\n354\n")
    assert answer.outcome is SENT
    assert dialogue.go


@pytest.mark.parametrize("said", [b"421 4.4.2 idle\r\n", b"250 ok\r\n", b"banana\r\n"])
def test_what_nobody_asked_for_ends_the_session_and_is_no_answer(said: bytes) -> None:
    dialogue = opened(PIPELINING)
    assert dialogue.receive(said) == []
    assert dialogue.trouble is not None


def test_a_refused_reset_ends_the_session_before_the_next_letter() -> None:
    dialogue, model = opened(PIPELINING), Model({ADA.recipient: {"RCPT": "550 5.1.1 no"}})
    converse(dialogue, model, [ADA])
    dialogue.offer(BOB)
    assert written(dialogue).startswith(b"RSET\r\nMAIL")
    (answer,) = dialogue.receive(b"500 what?\r\n250 ok\r\n")
    assert (answer.outcome, answer.stage, answer.code) == (RETRY, Stage.MAIL, None)


def test_pipelining_is_suspected_when_the_rest_of_a_group_goes_unanswered() -> None:
    forgetful, slow = _waiting_for_a_group(), _waiting_for_a_group()
    forgetful.receive(b"250 ok\r\n")
    forgetful.lost("timed out", timed_out=True)
    slow.lost("timed out", timed_out=True)
    assert forgetful.pipelining_failed
    assert not slow.pipelining_failed


@pytest.mark.parametrize(
    ("offers", "said"),
    [
        ("SIZE 20", "the relay takes 20"),
        ("", "control characters"),
        ("", "cannot be written"),
        ("", "SMTPUTF8"),
        ("", "no recipient"),
    ],
)
def test_what_this_relay_cannot_take_is_not_even_said(offers: str, said: str) -> None:
    addresses = {
        "control characters": "a@b\r\nDATA",
        "cannot be written": "a@b> SIZE=1",
        "SMTPUTF8": "jörg@example.org",
        "no recipient": "",
    }
    dialogue = opened(offers)
    with pytest.raises(Unsendable, match=said):
        dialogue.offer(Letter("a@example.org", addresses.get(said, "a@example.org"), BODY))
    assert written(dialogue) == b""
    assert dialogue.ready


def test_a_quoted_local_part_may_hold_what_others_may_not() -> None:
    dialogue = opened(PIPELINING)
    dialogue.offer(Letter("", '"a> b"@example.org', BODY))
    assert written(dialogue) == b'MAIL FROM:<>\r\nRCPT TO:<"a> b"@example.org>\r\nDATA\r\n'
    with pytest.raises(Unsendable):
        opened().offer(Letter("", '"a"> b"@example.org', BODY))


def test_a_letter_known_to_be_ascii_asks_for_no_8bitmime() -> None:
    for message, seven_bit, asked in ((BODY, True, False), (b"\xff\r\n", False, True)):
        dialogue = opened(PIPELINING)
        dialogue.offer(Letter("a@b", "c@d", message, seven_bit=seven_bit))
        assert (b"BODY=8BITMIME" in written(dialogue)) is asked


SIGNED = Relay("smtp", "mx.example.org", 25, user="docket", password="s3cret")


def _heard(dialogue: Dialogue, *replies: str) -> list[bytes]:
    """What is said to each of these replies."""
    said = []
    for reply in replies:
        dialogue.receive(reply.replace("\n", "\r\n").encode() + b"\r\n")
        said.append(written(dialogue))
    return said


def test_login_is_used_where_plain_is_not_offered() -> None:
    said = _heard(
        dialogue := Dialogue(SIGNED),
        "220 hi",
        "250-mx\n250 AUTH LOGIN XOAUTH2",
        "334 VXNlcm5hbWU6",
        "334 UGFzc3dvcmQ6",
        "235 2.7.0 in",
    )
    assert said[1:] == [b"AUTH LOGIN\r\n", b"ZG9ja2V0\r\n", b"czNjcmV0\r\n", b""]
    assert dialogue.ready


def test_login_is_tried_where_plain_is_offered_and_not_known() -> None:
    said = _heard(Dialogue(SIGNED), "220 hi", "250-mx\n250 AUTH=PLAIN LOGIN", "504 5.5.4 unknown")
    assert said[1:] == [b"AUTH PLAIN AGRvY2tldABzM2NyZXQ=\r\n", b"AUTH LOGIN\r\n"]


def test_a_wrong_password_is_not_tried_in_another_way() -> None:
    said = _heard(
        dialogue := Dialogue(SIGNED), "220 hi", "250-mx\n250 AUTH PLAIN LOGIN", "535 5.7.8 wrong"
    )
    assert said[-1] == b""
    assert dialogue.trouble is not None and dialogue.trouble.outcome is TROUBLE
    assert dialogue.polite


def test_what_was_offered_before_tls_is_forgotten() -> None:
    dialogue = Dialogue(Relay("smtp+starttls", "mx.example.org", 587))
    said = _heard(dialogue, "220 hi", "250-mx\n250-STARTTLS\n250 PIPELINING", "220 go ahead")
    assert said[1:] == [b"STARTTLS\r\n", b""]
    assert dialogue.wants_tls
    dialogue.secured()
    assert written(dialogue).startswith(b"EHLO ")
    dialogue.receive(b"250 mx\r\n")
    assert dialogue.ready
    assert not dialogue.pipelining


@pytest.mark.parametrize("more", [b"250 injected\r\n", b"250 inj"])
def test_what_was_said_before_tls_does_not_count_after_it(more: bytes) -> None:
    dialogue = Dialogue(Relay("smtp+starttls", "mx.example.org", 587))
    _heard(dialogue, "220 hi", "250-mx\n250 STARTTLS")
    dialogue.receive(b"220 go ahead\r\n" + more)
    if dialogue.trouble is None:
        dialogue.secured()
    assert dialogue.trouble is not None
    assert (dialogue.trouble.stage, dialogue.trouble.outcome) == (Stage.STARTTLS, TROUBLE)


def test_the_relay_s_name_stands_in_every_answer() -> None:
    for answer in converse(opened(PIPELINING), Model(), [ADA, BOB]):
        assert answer.relay == RELAY.name
