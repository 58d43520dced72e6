"""Letters of deliveries: what each brings of its own, and what is kept of none."""

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count

import dkim as verifier
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.filling import KEPT, Addressed, Filler
from app.delivery.models import Edition
from app.delivery.preparing import freeze, schedule
from app.links import Links, Purpose
from newsletters.content import CompositionError
from newsletters.dkim import Signer
from tests import personas
from tests.bench.naive import MASTHEAD, compose, sample_edition
from tests.keys import RSA
from tests.newsletters.samples import body

AT = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
LINKS = Links(["k" * 40], "https://docket.example.org", "news.example.org")
SIGNER = Signer(RSA, "news.example.org", "docket")
FILLER = Filler(LINKS)
LOADED = FILLER.ready(sample_edition(), MASTHEAD)
ADA = Addressed(4711, "Ada Quill", "ada@members.example", "notary", "FR")


def parsed(message: bytes) -> EmailMessage:
    return message_from_bytes(message, policy=policy.default)  # type: ignore[return-value]


@given(delivery_id=st.integers(1, 10**15))
def test_each_link_and_address_is_the_deliverys_own(delivery_id: int) -> None:
    letter = FILLER.letter(LOADED, ADA._replace(delivery_id=delivery_id), AT)
    message = parsed(letter.message)
    assert (letter.sender, letter.recipient) == (LINKS.return_path(delivery_id), ADA.address)
    assert message["Message-ID"] == LINKS.message_id(delivery_id)
    assert message["List-Unsubscribe"] == f"<{LINKS.unsubscribe_url(delivery_id)}>"
    text, page = body(message, "plain"), body(message, "html")
    for offer_id in range(1, 6):
        url = LINKS.answer_url(delivery_id, offer_id)
        assert text.count(f"\n{url}\n") == page.count(f'href="{url}"') == 1


def test_every_token_of_a_letter_is_read_for_its_own_purpose() -> None:
    letter = FILLER.letter(LOADED, ADA, AT)
    tokens = [LINKS.answer_url(4711, n).rpartition("/")[2] for n in range(1, 6)]
    assert [LINKS.read(Purpose.ANSWER, token) for token in tokens] == [
        (4711, n) for n in range(1, 6)
    ]
    back = letter.sender.partition("+")[2].partition("@")[0]
    assert LINKS.read(Purpose.RETURN_PATH, back) == (4711,)


def test_a_letter_promises_that_no_line_begins_with_a_dot() -> None:
    letter = FILLER.letter(LOADED, ADA._replace(name=".", profession="..."), AT)
    assert letter.dotless
    assert b"\r\n." not in letter.message
    assert letter.message.endswith(b"\r\n")


@pytest.mark.parametrize(("profession", "job"), [("notary", "notary"), (None, "professional")])
def test_a_member_is_named_by_what_is_known(profession: str | None, job: str) -> None:
    letter = FILLER.letter(LOADED, ADA._replace(profession=profession), AT)
    assert f"as a {job}." in body(parsed(letter.message), "plain")


@pytest.mark.parametrize("name", ["a\r\nBcc: all@members.example", "a\0"])
def test_a_member_to_whom_nothing_can_be_written_is_said(name: str) -> None:
    with pytest.raises(CompositionError):
        FILLER.letter(LOADED, ADA._replace(name=name), AT)
    with pytest.raises(CompositionError):
        FILLER.letter(LOADED, ADA._replace(address=f"{name}@members.example"), AT)


def test_a_letter_is_signed_when_there_is_a_key() -> None:
    filler = Filler(LINKS, SIGNER)
    letter = filler.letter(filler.ready(sample_edition(), MASTHEAD), ADA, AT)
    assert verifier.verify(letter.message, dnsfunc=lambda name, timeout=5: SIGNER.record.encode())
    assert letter.message.endswith(FILLER.letter(LOADED, ADA, AT).message)


def test_the_naive_way_writes_the_same_words() -> None:
    ours = parsed(FILLER.letter(LOADED, ADA, AT).message)
    naive = parsed(compose(4711, ADA.name, ADA.address, "notary", AT))
    for kind in ("plain", "html"):
        assert words(body(ours, kind)) == words(body(naive, kind))
    assert ours["Subject"] == naive["Subject"]


def words(page: str) -> list[str]:
    """Without addresses and without where lines end."""
    spaced = page.replace("<", " <").replace(">", "> ").replace('"', " ")
    return [word for word in spaced.split() if not word.startswith("https://docket.")]


@pytest.mark.parametrize("signer", [None, SIGNER], ids=["unsigned", "signed"])
def test_a_thousand_letters_take_no_more_memory_than_one(signer: Signer | None) -> None:
    filler = Filler(LINKS, signer)
    loaded = filler.ready(sample_edition(), MASTHEAD)
    numbers = count(1)

    def fill(many: int) -> None:
        for _ in range(many):
            number = next(numbers)
            to = Addressed(number, f"Ådå {number}", f"m{number}@a.example", f"job {number}", "FR")
            filler.letter(loaded, to, AT)

    fill(100)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        fill(1_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 60_000  # a thousand letters' values would be more


@pytest.fixture
def edition_id(session: Session) -> int:
    """Of an issue with one ask, frozen for one member."""
    network = personas.network(session)
    personas.member(session, network, "Ada Quill")
    issue = personas.issue(session, network, [personas.ask(session, personas.case(session, "X-1"))])
    schedule(session, issue, AT, None, AT)
    freeze(session, issue.id, AT)
    session.flush()
    return session.scalars(select(Edition.id)).one()


def test_an_edition_is_loaded_once_and_needs_no_session_afterwards(
    session: Session, links: Links, edition_id: int
) -> None:
    filler = Filler(links)
    loaded = filler.load(session, edition_id)
    session.rollback()
    session.close()
    assert filler.load(session, edition_id) is loaded
    letter = filler.letter(loaded, ADA, AT)
    assert "Dear Ada Quill," in body(parsed(letter.message), "plain")


def test_only_the_editions_last_used_are_kept(
    session: Session, links: Links, edition_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler = Filler(links)
    first = filler.load(session, edition_id)
    monkeypatch.setattr(Filler, "_load", lambda self, session, edition_id: replace(first))
    seen = [filler.load(session, 1_000 + other) for other in range(KEPT - 1)]
    assert filler.load(session, edition_id) is first
    filler.load(session, 2_000)  # one too many: the one not used longest goes
    assert filler.load(session, edition_id) is first
    assert filler.load(session, 1_001) is seen[1]
    assert filler.load(session, 1_000) is not seen[0]
