"""Bounces: whose, and how hard; and that ordinary and harmful mail is none."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inbound.sorting import bounces, complaints, detectors, parsing
from app.inbound.sorting.shapes import Failure, Hardness, Ours, Purpose
from tests.inbound.sorting.bounced import (
    DIALECTS,
    MEMBER,
    RETURN_PATH,
    Bounce,
    abuse_report,
    junk_report,
    mail,
    nasty,
    ordinary,
    report,
)

VERP = (Ours(Purpose.RETURN_PATH, (7,)),)
Dialect = Callable[[Bounce], bytes]

ANSWERS = (
    ("5.1.1", "550 5.1.1 User unknown", Hardness.HARD),
    ("5.1.2", "550 5.1.2 Host unknown", Hardness.HARD),
    ("5.2.1", "550 5.2.1 This mailbox is disabled", Hardness.HARD),
    ("5.2.2", "552 5.2.2 Mailbox full", Hardness.FULL),
    ("5.7.1", "554 5.7.1 Looks like spam", Hardness.SOFT),
    ("5.3.4", "552 5.3.4 Message size exceeds the limit", Hardness.SOFT),
    ("4.4.7", "connection timed out", Hardness.SOFT),
    ("4.2.2", "452 4.2.2 Mailbox over quota", Hardness.FULL),
)


def read(raw: bytes, *ours: Ours, null: bool = False) -> tuple[Failure, ...]:
    return bounces.read(parsing.parse(raw), ours, null)


@pytest.mark.parametrize(("status", "said", "hard"), ANSWERS)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.__name__)
def test_every_dialect_names_the_recipient_and_how_hard(
    dialect: Dialect, status: str, said: str, hard: Hardness
) -> None:
    (failure,) = read(dialect(Bounce(status=status, said=said)))
    assert (failure.recipient, failure.hardness) == (MEMBER, hard)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.__name__)
@given(
    local=st.from_regex(r"[a-z][a-z0-9]{0,10}([._+-][a-z0-9]{1,8})?", fullmatch=True),
    domain=st.from_regex(r"[a-z]{1,10}(-[a-z]{1,5})?\.example", fullmatch=True),
)
@settings(max_examples=15)
def test_whatever_the_address(dialect: Dialect, local: str, domain: str) -> None:
    if local in ("postmaster", "abuse", "root", "support", "security", "webmaster"):
        return
    (failure,) = read(dialect(Bounce(to=f"{local}@{domain}")))
    assert failure.recipient == f"{local}@{domain}"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_delivery_status_may_be_encoded(encoding: str) -> None:
    (failure,) = read(report(Bounce(), encoding=encoding))
    assert (failure.recipient, failure.status, failure.how) == (MEMBER, "5.1.1", "dsn")


def test_a_report_of_several_names_each_with_its_own_hardness() -> None:
    status = (
        "Reporting-MTA: dns; mx.example.net\n\n"
        "Final-Recipient: rfc822; gone@a.example\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: RFC822;<full@a.example>\nAction: Failed (quota)\nStatus: 5.2.2\n\n"
        "Final-Recipient: rfc822; there@a.example\nAction: delivered\nStatus: 2.0.0\n\n"
        "Final-Recipient: rfc822; slow@a.example\nAction: delayed\nStatus: 4.4.1\n"
    )
    found = read(report(Bounce(), status=status))
    assert [(one.recipient, one.hardness) for one in found] == [
        ("gone@a.example", Hardness.HARD),
        ("full@a.example", Hardness.FULL),
        ("slow@a.example", Hardness.LATE),
    ]


def test_the_recipient_is_the_address_that_was_mailed() -> None:
    status = (
        f"Original-Recipient: rfc822;{MEMBER}\nFinal-Recipient: rfc822; x7@inner.example\n"
        "Action: failed\nStatus: 5.1.1\n"
    )
    assert read(report(Bounce(), status=status))[0].recipient == MEMBER
    aliased = status.replace(MEMBER, "else@a.example").replace("x7@inner.example", MEMBER)
    assert read(report(Bounce(), status=aliased))[0].recipient == MEMBER


@pytest.mark.parametrize("action", ["relayed", "delivered", "expanded"])
def test_what_arrived_is_no_failure(action: str) -> None:
    assert read(report(Bounce(action=action, status="2.1.5", said="250 OK")), *VERP) == ()


def test_what_is_late_is_no_failure_of_the_address() -> None:
    (failure,) = read(report(Bounce(action="delayed", status="4.4.1", said="try again")))
    assert failure.hardness is Hardness.LATE
    warning = mail(
        "From: MAILER-DAEMON@mx.example.net\nSubject: Warning: could not send message for past 4 "
        "hours\n",
        f"Your message to\n  {MEMBER}\nhas not yet been delivered; you do not need to resend.\n",
    )
    (failure,) = read(warning)
    assert (failure.recipient, failure.hardness) == (MEMBER, Hardness.LATE)


def test_a_list_that_a_bounce_came_back_through_does_not_hide_it() -> None:
    raw = DIALECTS[3](Bounce()).replace(b"Subject:", b"List-Id: <x.example>\nSubject:")
    assert read(raw)[0].recipient == MEMBER


@pytest.mark.parametrize(("what", "raw"), list(ordinary()), ids=[what for what, _raw in ordinary()])
def test_ordinary_mail_is_no_bounce(what: str, raw: bytes) -> None:
    assert read(raw) == (), what
    assert complaints.read(parsing.parse(raw)) is None, what


@pytest.mark.parametrize("what", ["a reply", "out of office", "a receipt of reading"])
def test_nor_is_it_at_a_return_path(what: str) -> None:
    assert read(dict(ordinary())[what], *VERP, null=what == "out of office") == ()


def test_at_a_return_path_a_mail_that_says_little_is_a_bounce() -> None:
    raw = mail(f"From: <>\nTo: {RETURN_PATH}\nSubject: ???\n", "Ei onnistunut.\n")
    (failure,) = read(raw, *VERP, null=True)
    assert (failure.recipient, failure.hardness) == (None, Hardness.SOFT)


@pytest.mark.parametrize("dialect", DIALECTS[:7], ids=lambda dialect: dialect.__name__)
def test_our_addresses_are_found_in_what_came_back(dialect: Dialect) -> None:
    inside = bounces.addresses_inside(parsing.parse(dialect(Bounce())))
    assert dialect is DIALECTS[6] or RETURN_PATH in inside  # Exchange's had no returned mail


def test_each_of_our_addresses_is_found() -> None:
    inside = bounces.addresses_inside(parsing.parse(report(Bounce())))
    assert {address[:2] for address in inside} >= {"b+", "r+", "u+"}
    assert "1z4.zyxwvutsrqponmlkjihgfedc@news.example.org" in inside


def test_what_a_server_said_is_one_line_and_short() -> None:
    (failure,) = read(report(Bounce(said="550 user unknown\n " + "very\n " * 1_000)))
    assert "\n" not in failure.text and len(failure.text) <= 500


def test_a_complaint_names_who_complained_and_our_addresses() -> None:
    found = complaints.read(parsing.parse(abuse_report()))
    assert found is not None
    assert (found.recipient, found.feedback) == (MEMBER, "abuse")
    assert RETURN_PATH in found.addresses
    assert read(abuse_report(), *VERP) == ()


def test_a_complaint_may_hide_who_complained() -> None:
    hidden = abuse_report(recipient="Original-Rcpt-To: redacted@isp.net\n", to="redacted@isp.net")
    found = complaints.read(parsing.parse(hidden))
    assert found is not None and found.recipient is None
    assert RETURN_PATH in found.addresses


def test_a_mail_attached_by_a_provider_is_a_complaint() -> None:
    found = complaints.read(parsing.parse(junk_report()))
    assert found is not None and found.recipient == MEMBER


@pytest.mark.parametrize("feedback", ["not-spam", "auth-failure", "Not-Spam (thanks)"])
def test_some_feedback_is_no_complaint(feedback: str) -> None:
    assert complaints.read(parsing.parse(abuse_report(feedback))) is None


def test_nothing_that_comes_in_is_an_error() -> None:
    for what, raw in nasty():
        message = parsing.parse(raw)
        failures = bounces.read(message, VERP, True)
        assert len(failures) <= 100, what
        assert all(len(failure.text) <= 500 for failure in failures), what
        complaints.read(message)
        assert len(bounces.addresses_inside(message)) <= 100, what


def test_what_is_looked_at_is_bounded() -> None:
    for what, raw in nasty():
        message = parsing.parse(raw)
        assert sum(1 for _part in parsing.parts(message)) <= parsing.MOST_PARTS, what
        assert len(parsing.header(message, "subject")) <= parsing.LONGEST_LINE, what
        assert len(parsing.text_under(message)) <= parsing.LONGEST_TEXT, what


def test_a_detector_that_raises_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def process(self, message: object) -> object:
            raise RecursionError

    monkeypatch.setattr(detectors, "_DETECTORS", (Broken, *detectors._DETECTORS))
    assert read(DIALECTS[3](Bounce()))[0].how == "detector Qmail"


@pytest.mark.parametrize("make", [*DIALECTS, lambda _bounce: abuse_report()])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_mutated_mail_is_no_error(make: Dialect, data: st.DataObject) -> None:
    raw = bytearray(make(Bounce()))
    for _change in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw)))
        length = data.draw(st.integers(0, 80))
        raw[place : place + length] = data.draw(
            st.binary(max_size=12)
            | st.sampled_from([b"\n\n", b"\0", b"From: \n", b"\xed\xa0\x80", b"--=_b--\n", b"=?"])
        )
    message = parsing.parse(bytes(raw))
    bounces.read(message, VERP, data.draw(st.booleans()))
    bounces.read(message)
    complaints.read(message)
    bounces.addresses_inside(message)


@given(st.binary(max_size=2_000))
@settings(deadline=None)
def test_noise_is_no_bounce(raw: bytes) -> None:
    assert read(raw + b"\nFrom: Anna <anna@a.example>\n") == ()
