"""Freezing: the audience is written down whole, once, and cut into chunks that cover it."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import Database
from app.delivery import preparing
from app.delivery.leasing import CHUNK_SIZE
from app.delivery.models import Chunk, Delivery, Edition, Settlement
from app.issues.models import Issue
from app.networks.models import Member, Membership, Network
from newsletters.content import CompositionError
from tests import personas
from tests.delivery.cast import AT, in_threads


def members(session: Session, network: Network, count: int, country: str | None = None) -> None:
    """So many at once."""
    if not count:
        return
    tag = f"{country}{session.scalar(select(func.count(Member.id)))}"
    person = {"created_at": AT, "updated_at": AT, "country": country, "name": "Ada Quill"}
    ids = session.scalars(
        insert(Member).returning(Member.id),
        [
            person | {"email": f"{tag}.{n}@example.org", "email_key": f"{tag}.{n}@example.org"}
            for n in range(count)
        ],
    ).all()
    place: dict[str, Any] = {
        "network_id": network.id, "sector": "legal", "source": "import", "started_at": AT,
        "consent_wording": "I agree.", "consent_source": "sheet", "consent_at": AT,
    }  # fmt: skip
    session.execute(insert(Membership), [place | {"member_id": member_id} for member_id in ids])


def scheduled(session: Session, network: Network, *countries: str, **values: Any) -> Issue:
    """An issue with an ask for everybody, and one for each of these countries; committed."""
    case = personas.case(session)
    asks = [personas.ask(session, case)]
    asks += [personas.ask(session, case, countries=[country]) for country in countries]
    issue = personas.issue(session, network, asks, **values)
    assert preparing.schedule(session, issue, now(), None, now())
    session.commit()
    return issue


def covered(session: Session, issue_id: int) -> None:
    """Each delivery of the issue lies in one chunk of its edition, and chunks hold no others."""
    chunks = session.scalars(select(Chunk).where(Chunk.issue_id == issue_id)).all()
    rows = session.execute(
        select(Delivery.id, Delivery.edition_id).where(Delivery.issue_id == issue_id)
    ).all()
    held = Counter(
        (key, chunk.edition_id)
        for chunk in chunks
        for key in range(chunk.first_id, chunk.last_id + 1)
    )
    assert held == Counter((key, edition_id) for key, edition_id in rows)
    assert all(chunk.size == chunk.last_id - chunk.first_id + 1 for chunk in chunks)
    assert all(0 < chunk.size <= CHUNK_SIZE for chunk in chunks)
    assert {(chunk.claimed_by, chunk.done_at, chunk.taken_to) for chunk in chunks} <= {
        (None, None, None)
    }


@pytest.mark.parametrize("size", [0, 1, 499, 500, 501, 1700])
def test_chunks_cover_the_audience_exactly(session: Session, size: int) -> None:
    network = personas.network(session)
    members(session, network, size)
    issue = scheduled(session, network)
    assert preparing.freeze(session, issue.id, now()) == size
    covered(session, issue.id)
    assert session.scalar(select(func.count(Chunk.id))) == -(-size // CHUNK_SIZE)


@pytest.mark.parametrize("sizes", [(1, 0, 1), (500, 499, 3), (501, 1, 502)])
def test_each_edition_has_chunks_of_its_own(session: Session, sizes: tuple[int, int, int]) -> None:
    network = personas.network(session)
    for count, country in zip(sizes, (None, "FR", "DE"), strict=True):
        members(session, network, count, country)
    issue = scheduled(session, network, "FR", "DE")
    assert preparing.freeze(session, issue.id, now()) == sum(sizes)
    covered(session, issue.id)
    by_edition = session.execute(
        select(Edition.offers_key, func.count(Delivery.id))
        .outerjoin(Delivery, Delivery.edition_id == Edition.id)
        .group_by(Edition.offers_key)
    )
    first, fr, de = (offer.id for offer in issue.offers)
    expected = {f"{first},": sizes[0], f"{first},{fr},": sizes[1], f"{first},{de},": sizes[2]}
    assert dict(iter(by_edition)) == {key: count for key, count in expected.items() if count}


def test_ledgers_one_after_the_other_do_not_touch(session: Session) -> None:
    network = personas.network(session)
    members(session, network, 700)
    issues = [scheduled(session, network, urgent=urgent) for urgent in (False, True)]
    for issue in issues:
        assert preparing.freeze(session, issue.id, now()) == 700
    for issue in issues:
        covered(session, issue.id)
    ranks = session.execute(select(Chunk.issue_id, Chunk.rank).distinct())
    assert dict(iter(ranks)) == {issues[0].id: 1, issues[1].id: 0}


def test_freezing_twice_changes_nothing(session: Session) -> None:
    network = personas.network(session)
    members(session, network, 3)
    issue = scheduled(session, network)
    assert preparing.freeze(session, issue.id, now()) == 3
    frozen_at = issue.frozen_at
    assert preparing.freeze(session, issue.id, now()) == 0
    assert issue.frozen_at == frozen_at
    covered(session, issue.id)
    assert session.scalar(select(func.count(Settlement.delivery_id))) == 0


def test_several_that_freeze_at_once_write_one_ledger(database: Database, session: Session) -> None:
    network = personas.network(session)
    members(session, network, 600)
    issue = scheduled(session, network)
    counts: list[int] = []

    def freeze(_name: str) -> None:
        with database.writing() as own:
            counts.append(preparing.freeze(own, issue.id, now()))

    in_threads(3, freeze)
    assert sorted(counts) == [0, 0, 600]
    covered(session, issue.id)


def test_several_issues_frozen_at_once_keep_their_ids_apart(
    database: Database, session: Session
) -> None:
    network = personas.network(session)
    members(session, network, 600, "FR")
    members(session, network, 600)
    issues = {f"w{n}": scheduled(session, network, "FR").id for n in range(3)}

    def freeze(name: str) -> None:
        with database.writing() as own:
            assert preparing.freeze(own, issues[name], now()) == 1200

    in_threads(3, freeze)
    for issue_id in issues.values():
        covered(session, issue_id)


def test_a_freeze_that_was_lost_is_made_anew(database: Database, session: Session) -> None:
    network = personas.network(session)
    members(session, network, 20)
    issue = scheduled(session, network)
    with database.session() as lost:
        assert preparing.freeze(lost, issue.id, now()) == 20
        lost.rollback()
    with database.writing() as again:
        assert preparing.freeze(again, issue.id, now()) == 20
    covered(session, issue.id)


def test_nothing_is_written_when_it_cannot_be_composed(
    database: Database, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second edition fails, after the first one's rows are written."""
    network = personas.network(session)
    members(session, network, 3, "FR")
    members(session, network, 3)
    issue = scheduled(session, network, "FR")
    compile_, calls = preparing.wire.compile, list[object]()

    def failing(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > 1:
            raise CompositionError("the greeting is empty")
        return compile_(*arguments)

    monkeypatch.setattr(preparing.wire, "compile", failing)
    with database.writing() as own:
        assert preparing.freeze(own, issue.id, now()) == 0
    session.expire_all()
    for model in (Edition, Delivery, Chunk):
        assert session.scalar(select(func.count()).select_from(model)) == 0
    assert (issue.frozen_at, issue.scheduled_for) == (None, None)
    assert issue.stopped_why == "the greeting is empty"
    assert [offer.closes_at for offer in issue.offers] == [None, None]


def test_a_paused_issue_is_not_frozen(session: Session) -> None:
    network = personas.network(session)
    issue = scheduled(session, network, paused_at=AT)
    assert preparing.due(session, now()) == []
    issue.paused_at = None
    session.flush()
    assert preparing.due(session, now()) == [issue.id]
