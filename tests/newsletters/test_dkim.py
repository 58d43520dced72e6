"""Signatures (RFC 6376, 8463): believed by a verifier that is not ours, for any letter."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial

import dkim as verifier
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletters import dkim
from newsletters.content import CompositionError, Recipient
from newsletters.dkim import OVERSIGNED, Signer
from newsletters.stencil import Stencil
from newsletters.wire import compile
from tests.keys import ED25519, RSA
from tests.newsletters.nasty import members
from tests.newsletters.samples import EDITION, MASTHEAD, SMALL, filled, parsed, tokens
from tests.newsletters.test_stencil import check_wire

AT = datetime(2024, 3, 1, tzinfo=UTC)  # verifiers do not believe what comes from the future
signed = partial(filled, at=AT)
DOMAIN, SELECTOR = "news.example.org", "letters"
SIGNERS = {key.algorithm: Signer(key, DOMAIN, SELECTOR) for key in (RSA, ED25519)}
STENCILS = {name: Stencil(EDITION, MASTHEAD, signer) for name, signer in SIGNERS.items()}
COVERED = (
    *("From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Id", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Feedback-ID", "Content-Language", "MIME-Version", "Content-Type"),
)
both = pytest.mark.parametrize("algorithm", SIGNERS)


def believed(message: bytes, signer: Signer) -> bool:
    records = {f"{signer.record_name}.".encode(): signer.record.encode()}
    found: bool = verifier.verify(message, dnsfunc=lambda name, timeout=5: records.get(name))
    return found


def tags(message: bytes) -> dict[str, str]:
    value = re.sub(r"\s", "", parsed(message)["DKIM-Signature"])
    return dict(tag.split("=", 1) for tag in value.split(";"))


@both
@given(member=members)
def test_any_letter_is_signed_so_that_a_verifier_believes_it(
    algorithm: str, member: Recipient
) -> None:
    stencil = STENCILS[algorithm]
    message = stencil.fill(member, tokens(stencil), AT)
    check_wire(message)
    assert believed(message, SIGNERS[algorithm])
    unsigned = Stencil(EDITION, MASTHEAD).fill(member, tokens(stencil), AT)
    assert message.endswith(b"\r\n" + unsigned)


@both
def test_blanks_that_a_relay_changes_do_not_matter(algorithm: str) -> None:
    signer = SIGNERS[algorithm]
    issue = replace(SMALL, introduction="two  blanks\n\n    indented", closing="a\tb  \n  c")
    message = signed(compile(issue), signer=signer)
    assert believed(message, signer)
    head, _, rest = message.partition(b"\r\n\r\n")
    unfolded = head.replace(b"\r\n ", b"  ").replace(b"Subject: ", b"SUBJECT:   ")
    assert believed(unfolded + b"\r\n\r\n" + rest.replace(b" ", b"  "), signer)


@both
@pytest.mark.parametrize("name", [*COVERED, "Cc"])
def test_a_header_that_is_changed_or_added_is_noticed(algorithm: str, name: str) -> None:
    signer = SIGNERS[algorithm]
    message = signed(signer=signer)
    head, _, rest = message.partition(b"\r\n\r\n")
    changed = re.sub(rb"(?m)^(%b: )" % name.encode(), rb"\1x", head)
    if name != "Cc":
        assert not believed(changed + b"\r\n\r\n" + rest, signer)
    if name in OVERSIGNED:
        added = head + f"\r\n{name}: x\r\n\r\n".encode() + rest
        assert not believed(added, signer)


@both
def test_words_that_are_changed_or_added_are_noticed(algorithm: str) -> None:
    signer = SIGNERS[algorithm]
    message = signed(signer=signer)
    assert not believed(message.replace(b"Thank you", b"Thank me"), signer)
    assert not believed(message + b"more\r\n", signer)


@both
def test_the_signature_names_whose_it_is_and_what_it_covers(algorithm: str) -> None:
    message = signed(signer=SIGNERS[algorithm])
    found = tags(message)
    assert found["a"] == f"{algorithm}-sha256"
    assert found["c"] == "relaxed/relaxed"
    assert (found["d"], found["s"]) == (DOMAIN, SELECTOR)
    assert found["t"] == str(int(AT.timestamp()))
    assert "l" not in found
    assert found["h"].split(":") == [*COVERED, *OVERSIGNED]
    assert {name for name, _ in parsed(message).items()} == {"DKIM-Signature", *COVERED}


@both
def test_no_line_of_the_signature_is_long(algorithm: str) -> None:
    lines = signed(signer=SIGNERS[algorithm]).partition(b"\r\nFrom:")[0].split(b"\r\n")
    assert len(lines) > 5
    assert max(map(len, lines)) <= 78


def test_another_key_is_not_believed() -> None:
    message = signed(signer=SIGNERS["ed25519"])
    assert not believed(
        message, replace(SIGNERS["ed25519"], key=replace(ED25519, public="A" * 43 + "="))
    )


def test_a_letter_that_cannot_be_written_is_not_signed() -> None:
    stencil = STENCILS["rsa"]
    with pytest.raises(CompositionError):
        stencil.fill(Recipient("a\r\nb", "a@b.example"), tokens(stencil), AT)


@both
@given(
    subject=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200),
    words=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=400),
)
def test_a_single_mail_is_signed_so_that_a_verifier_believes_it(
    algorithm: str, subject: str, words: str
) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "Us <us@news.example.org>", "ada@members.example"
    message["Subject"] = subject
    message.set_content(words, cte="quoted-printable")
    raw = message.as_bytes()
    signer = SIGNERS[algorithm]
    sealed = dkim.signed(signer, raw, int(AT.timestamp()))
    assert sealed.endswith(raw)
    assert believed(sealed, signer)
    forged = sealed.replace(b"ada@members", b"eve@members")
    assert not believed(forged, signer)


@both
@pytest.mark.parametrize("body", [b"", b"\r\n", b"a\r\n\r\n\r\n", b"a  b\t\r\n", b"no end"])
def test_bodies_end_as_the_rules_say(algorithm: str, body: bytes) -> None:
    raw = b"From: us@news.example.org\r\nSubject:  two  blanks\r\n\r\n" + body
    assert believed(dkim.signed(SIGNERS[algorithm], raw, int(AT.timestamp())), SIGNERS[algorithm])
