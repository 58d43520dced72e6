"""What each mail is, from its bytes to the verdict."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.sorting import verdict
from app.inbound.sorting.shapes import Kind, Ours, Purpose, Sorted
from tests.inbound.sorting import bounced, came_in
from tests.inbound.sorting.came_in import DOMAIN, FOR, IDS, MEMBER, SIGNATURE, mail, part, read

AUTOMATIC = list(came_in.automatic())


def sort(raw: bytes, *recipients: str, envelope_from: str | None = MEMBER) -> Sorted:
    return verdict.sort(raw, envelope_from, recipients, read, came_in.is_addressee)


def nobody_wrote(raw: bytes, envelope_from: str) -> None:
    found = sort(raw, envelope_from=envelope_from)
    assert found.kind is Kind.AUTOMATIC
    assert found.said is None and not found.failures


@pytest.mark.parametrize("envelope_from", [MEMBER, ""], ids=["sender", "null"])
def test_an_automatic_answer_is_never_an_action_and_never_a_bounce(envelope_from: str) -> None:
    assert len(AUTOMATIC) > 500
    for name, raw in AUTOMATIC:
        try:
            nobody_wrote(raw, envelope_from)
        except AssertionError as error:
            raise AssertionError(name) from error


@pytest.mark.parametrize(("name", "raw"), list(came_in.like_automatic()))
def test_a_person_who_writes_of_an_absence_is_a_person(name: str, raw: bytes) -> None:
    assert sort(raw).kind is Kind.REPLY


@pytest.mark.parametrize("shape", list(came_in.shapes()), ids=lambda shape: shape.name)
@pytest.mark.parametrize("wrote", ["Done, thank you", "Two lines\nof my own."])
def test_only_what_the_person_wrote_now_is_read(shape: came_in.Shape, wrote: str) -> None:
    in_html = "text/plain" not in shape.content_type
    text = shape.text.replace("{}", wrote.replace("\n", "<br>") if in_html else wrote)
    found = sort(mail(text, content_type=shape.content_type))
    assert (found.kind, found.text) == (Kind.REPLY, wrote)
    assert (found.said is not None) == wrote.startswith("Done")


@pytest.mark.parametrize(
    "written",
    [
        f"r+1z4.{SIGNATURE}@{DOMAIN}",
        f"R+1Z4.{SIGNATURE.upper()}@NEWS.EXAMPLE.ORG",
        f"r+1z4.{SIGNATURE}@mail.{DOMAIN}",
        f'"r+1z4.{SIGNATURE}"@{DOMAIN}',
        f"r\\+1z4.{SIGNATURE}@{DOMAIN}",
        f"r%2B1z4.{SIGNATURE}@{DOMAIN}",
        f"r=2b1z4.{SIGNATURE}@{DOMAIN}",
        f"r=1z4.{SIGNATURE}@{DOMAIN}",
        f"prvs=1234abcd=r+1z4.{SIGNATURE}@{DOMAIN}",
        f"btv1==123abc==r+1z4.{SIGNATURE}@{DOMAIN}",
        f"SRS0=hX=T5={DOMAIN}=r+1z4.{SIGNATURE}@relay.example",
        f"SRS1=ab=relay.example==hX=T5={DOMAIN}=r+1z4.{SIGNATURE}@other.example",
        f"forward+r+1z4.{SIGNATURE}={DOMAIN}@relay.example",
    ],
)
def test_our_addresses_are_read_however_they_were_rewritten(written: str) -> None:
    reply = Ours(Purpose.REPLY, IDS[Purpose.REPLY])
    assert sort(mail("Done", to="x@relay.example"), written).ours == (reply,)
    assert sort(mail("Done", to=f"The bulletin <{written}>")).ours == (reply,)
    delivered = mail("Done", to="x@relay.example", headers=f"Delivered-To: {written}\n")
    assert sort(delivered).ours == (reply,)


def test_an_address_that_we_did_not_sign_is_not_ours() -> None:
    forged = f"r+1z4.{SIGNATURE[::-1]}@{DOMAIN}"
    assert sort(mail("Done", to=forged), forged).ours == ()
    longer = f"r+1z4.{SIGNATURE}a@{DOMAIN}"
    assert sort(mail("Done", to=longer), longer).ours == ()


def test_a_relay_s_domain_gives_way_to_the_one_that_was_rewritten() -> None:
    asked: list[str] = []

    def strict(address: str) -> Ours | None:
        asked.append(address)
        return read(address) if address.endswith("@" + DOMAIN) else None

    rewritten = f"SRS0=hX=T5={DOMAIN}=b+1z4.{SIGNATURE}@relay.example"
    found = verdict.sort(mail("Hello", to="x@relay.example"), MEMBER, [rewritten], strict)
    assert [one.purpose for one in found.ours] == [Purpose.RETURN_PATH]
    assert all(one == one.lower() for one in asked)


def test_a_complaint_is_told_before_everything_else() -> None:
    kind, body = came_in.multipart(
        "report; report-type=feedback-report",
        part("text/plain", "This is an email abuse report."),
        part("message/feedback-report", "Feedback-Type: abuse\nVersion: 1\nUser-Agent: x/1"),
        part("message/rfc822", bounced.HEADER.format(to=MEMBER) + "\nDear Anna"),
    )
    found = sort(mail(body, "Complaint", to="abuse@" + DOMAIN, content_type=kind))
    assert found.kind is Kind.COMPLAINT
    assert Purpose.RETURN_PATH in {one.purpose for one in found.ours} or found.complained == MEMBER


def test_a_delivery_status_notification_is_a_bounce_although_it_is_automatic() -> None:
    status = f"Reporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; {MEMBER}\n"
    kind, body = came_in.multipart(
        "report; report-type=delivery-status",
        part("text/plain", "Your message could not be delivered."),
        part("message/delivery-status", status + "Action: failed\nStatus: 5.1.1"),
        part("message/rfc822", bounced.HEADER.format(to=MEMBER) + "\nDear Anna"),
    )
    fields = "Auto-Submitted: auto-replied\n"
    raw = mail(body, "Undelivered Mail", "b@x.example", "MAILER-DAEMON@x.example", fields, kind)
    found = sort(raw, FOR[Purpose.RETURN_PATH], envelope_from="")
    assert found.kind is Kind.BOUNCE
    assert [failure.recipient for failure in found.failures] == [MEMBER]
    assert found.ours[0] == Ours(Purpose.RETURN_PATH, IDS[Purpose.RETURN_PATH])


def test_mail_to_the_address_for_leaving_leaves_whatever_it_says() -> None:
    by_program = "This message was automatically generated by your mail program."
    for text in ("", "unsubscribe", by_program, "Done", "I like it"):
        assert sort(mail(text, "x", to=FOR[Purpose.LEAVE])).kind is Kind.UNSUBSCRIBE


def test_a_robot_does_not_leave_for_anybody() -> None:
    answered = mail("", "x", to=FOR[Purpose.LEAVE], headers="Auto-Submitted: auto-replied\n")
    assert sort(answered).kind is Kind.AUTOMATIC
    assert sort(mail("", "Automatic reply: x", FOR[Purpose.LEAVE])).kind is Kind.AUTOMATIC
    assert sort(mail("", "x", to=FOR[Purpose.LEAVE]), envelope_from="").kind is Kind.AUTOMATIC


def test_what_a_reply_says_of_itself_is_kept() -> None:
    references = "References: <1@a.example> <2@a.example>\n"
    found = sort(mail("Fait !", "=?utf-8?q?Re=3A_D=C3=A9j=C3=A0?=", headers=references))
    assert (found.sender, found.sender_name, found.subject) == (MEMBER, "Anna Kovács", "Re: Déjà")
    assert found.message_id == "<abc@members.example.net>"
    assert found.references[:2] == ("<1@a.example>", "<2@a.example>")
    assert found.references[2] == f"<1z4.zyxwvutsrqponmlkjihgfedc@{DOMAIN}>"
    assert found.said and (found.said.answer, found.said.language) == ("done", "fr")


def test_mail_that_answers_nothing_of_ours_is_not_recognised() -> None:
    raw = b"From: a@b.example\nTo: news@news.example.org\nSubject: Offer\n\nDear friend, done"
    found = sort(raw)
    assert (found.kind, found.said) == (Kind.UNRECOGNISED, None)
    assert sort(b"").kind is Kind.UNRECOGNISED


def test_what_the_caller_s_own_functions_raise_is_raised() -> None:
    def broken(address: str) -> bool:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        verdict.sort(mail("x"), MEMBER, [], read, broken)


def test_a_fault_in_sorting_leaves_the_mail_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr("app.inbound.sorting.parsing.parse", broken)
    found = sort(mail("x"))
    assert (found.kind, found.why) == (Kind.UNRECOGNISED, "not readable: RecursionError")


# The guard of sort() would hide what these look for.
unguarded: Callable[..., Sorted] = verdict._sort
SEEDS = [raw for _name, raw in AUTOMATIC[::40]] + [
    mail(shape.text, content_type=shape.content_type) for shape in list(came_in.shapes())[::6]
]


@given(st.binary(max_size=400), st.sampled_from(["", None, MEMBER]))
def test_no_bytes_make_it_fail(raw: bytes, envelope_from: str | None) -> None:
    assert unguarded(raw, envelope_from, ["é\ud800@x"], read, came_in.is_addressee).kind


@given(
    st.sampled_from(SEEDS),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12)),
        min_size=1,
        max_size=6,
    ),
)
def test_no_mutated_mail_makes_it_fail(seed: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    for place, length, new in edits:
        at = int(place * len(seed))
        seed = seed[:at] + new + seed[at + length :]
    assert unguarded(seed, MEMBER, [FOR[Purpose.COPY]], read, came_in.is_addressee).kind
