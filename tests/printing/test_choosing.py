"""For whom an issue can be printed: whose ledger row is settled, and who still belongs to it."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import now
from app.delivery.models import Cause, Delivery, Settlement
from app.errors import InvalidInput, Refused
from app.networks.models import Membership
from app.printing import choosing
from tests import personas
from tests.printing.conftest import Mailed, suppress


def names(found: choosing.Found) -> list[str]:
    return [one.member.name for one in found.deliveries]


def unreached(session: Session, mailed: Mailed) -> list[str]:
    return names(choosing.unreached(session, mailed.issue(session), 1, now()))


def membership(session: Session, delivery_id: int) -> Membership:
    return session.get_one(Delivery, delivery_id).membership


def test_whose_mail_failed_or_came_back_is_proposed(session: Session, mailed: Mailed) -> None:
    assert unreached(session, mailed) == ["Bo Inkpen", "Cy Marrow"]


def test_whose_address_is_stopped_is_proposed_although_this_mail_arrived(
    session: Session, mailed: Mailed
) -> None:
    suppress(session, session.get_one(Delivery, mailed.got))
    assert unreached(session, mailed) == ["Ada Quill", "Bo Inkpen", "Cy Marrow"]
    found = choosing.unreached(session, mailed.issue(session), 1, now())
    assert choosing.suppressed(session, found.deliveries) == {mailed.got: "bounced"}


def test_who_pauses_is_not_proposed_and_can_be_chosen(session: Session, mailed: Mailed) -> None:
    membership(session, mailed.failed).paused_until = now() + timedelta(days=9)
    session.flush()
    assert unreached(session, mailed) == ["Cy Marrow"]
    assert len(choosing.chosen(session, mailed.issue(session), [mailed.failed])) == 1


def test_who_left_is_never_printed_for(session: Session, mailed: Mailed) -> None:
    membership(session, mailed.failed).ended_at = now()
    session.flush()
    assert unreached(session, mailed) == ["Cy Marrow"]
    assert not choosing.search(session, mailed.issue(session), "Inkpen", 1).deliveries
    with pytest.raises(InvalidInput):
        choosing.chosen(session, mailed.issue(session), [mailed.failed])


@pytest.mark.parametrize("state", ["retry", "claimed"])
def test_whose_mail_is_still_on_its_way_is_not_printed_for(
    session: Session, mailed: Mailed, state: str
) -> None:
    personas.resettle(session, session.get_one(Delivery, mailed.failed), state)
    assert unreached(session, mailed) == ["Cy Marrow"]
    with pytest.raises(InvalidInput):
        choosing.chosen(session, mailed.issue(session), [mailed.failed])


def test_whom_staff_stopped_the_rest_for_is_not_proposed(session: Session, mailed: Mailed) -> None:
    session.get_one(Settlement, mailed.failed).cause = Cause.STOPPED.value
    session.flush()
    assert unreached(session, mailed) == ["Cy Marrow"]


def test_anybody_is_found_by_a_part_of_their_name_or_address(
    session: Session, mailed: Mailed
) -> None:
    issue = mailed.issue(session)
    address = session.get_one(Delivery, mailed.got).member.email
    assert names(choosing.search(session, issue, "quil", 1)) == ["Ada Quill"]
    assert names(choosing.search(session, issue, address, 1)) == ["Ada Quill"]
    assert names(choosing.search(session, issue, "%", 1)) == []


def test_they_come_in_the_order_of_their_names_and_in_pages(
    session: Session, mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "MOST", 1)
    issue = mailed.issue(session)
    pages = [choosing.unreached(session, issue, page, now()) for page in (1, 2, 3)]
    assert [names(page) for page in pages] == [["Bo Inkpen"], ["Cy Marrow"], []]
    assert {page.total for page in pages} == {2}
    with pytest.raises(InvalidInput, match="at most 1"):
        choosing.chosen(session, issue, [mailed.failed, mailed.back])


def test_nobody_and_somebody_of_another_issue_are_refused(session: Session, mailed: Mailed) -> None:
    issue = mailed.issue(session)
    other = personas.issue(session, personas.network(session, "medical"), [])
    personas.member(session, other.network)
    (foreign,) = personas.delivered(session, other)
    for ids in ([], [foreign.id], [mailed.failed, 10**9]):
        with pytest.raises(InvalidInput):
            choosing.chosen(session, issue, ids)


def test_who_had_no_part_in_the_issue_is_counted(session: Session, mailed: Mailed) -> None:
    issue = mailed.issue(session)
    assert choosing.without_row(session, issue) == 0
    late = personas.member(session, issue.network, "Late Comer")
    assert choosing.without_row(session, issue) == 0
    other = personas.network(session, "medical")
    elsewhere = personas.issue(session, other, [])
    personas.membership(session, late, other)
    (row,) = personas.delivered(session, elsewhere)
    suppress(session, row)
    assert choosing.without_row(session, issue) == 1


def test_an_issue_that_has_not_gone_out_or_is_too_old_is_refused(
    session: Session, mailed: Mailed
) -> None:
    issue, lifetime = mailed.issue(session), timedelta(days=180)
    choosing.require_young(issue, lifetime, now())
    with pytest.raises(Refused):
        choosing.require_young(issue, lifetime, now() + timedelta(days=181))
    issue.frozen_at = None
    with pytest.raises(Refused):
        choosing.require_young(issue, lifetime, now())
