"""What staff find of a letter changes what counts, and their mind may change."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import Refused
from app.letters import verifying
from app.letters.models import Letter
from app.staff.models import AuditEntry, Staff
from app.vault import Vault
from tests.letters.conftest import Asked, evidence, letters, said, upload


@pytest.fixture
def letter(session: Session, vault: Vault, asked: Asked) -> Letter:
    return upload(session, vault, asked.ids)


def counted(session: Session, asked: Asked) -> tuple[int, int, int]:
    tally = asked.tally(session)
    return tally.reported, tally.evidenced, tally.verified


def audited(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_verified_letter_is_the_strongest_evidence(
    session: Session, asked: Asked, letter: Letter, officer: Staff
) -> None:
    assert counted(session, asked) == (1, 1, 0)
    verifying.verify(session, letter, officer, "Read it.", now())
    assert counted(session, asked) == (1, 1, 1)
    assert (letter.state, letter.checked_by, letter.remark) == ("verified", officer.id, "Read it.")
    assert audited(session) == ["letter.verified"]


def test_a_rejected_letter_is_no_evidence_and_leaves_the_members_word(
    session: Session, asked: Asked, letter: Letter, officer: Staff
) -> None:
    verifying.verify(session, letter, officer, "", now())
    verifying.reject(session, letter, officer, "Of another case.", now())
    assert counted(session, asked) == (1, 0, 0)
    assert evidence(session) == [("evidenced", "letter", False), ("verified", "letter", False)]
    assert said(session) == [("done", "link")]
    assert audited(session) == ["letter.verified", "letter.rejected"]


def test_a_mind_may_change_and_change_back(
    session: Session, asked: Asked, letter: Letter, officer: Staff
) -> None:
    verifying.reject(session, letter, officer, "", now())
    verifying.verify(session, letter, officer, "It is one after all.", now())
    assert counted(session, asked) == (1, 1, 1)
    verifying.reject(session, letter, officer, "No.", now())
    assert counted(session, asked) == (1, 0, 0)
    assert [counts for _grade, _kind, counts in evidence(session)] == [False, False]


def test_another_letter_for_the_same_ask_still_counts(
    session: Session, vault: Vault, asked: Asked, letter: Letter, officer: Staff
) -> None:
    upload(session, vault, asked.ids, b"Another letter")
    verifying.reject(session, letter, officer, "", now())
    assert counted(session, asked) == (1, 1, 0)


@pytest.mark.parametrize("find", [verifying.verify, verifying.reject])
def test_finding_the_same_twice_is_once(
    session: Session, letter: Letter, officer: Staff, find: object
) -> None:
    for _time in range(2):
        find(session, letter, officer, "Seen.", now())  # type: ignore[operator]
    assert len(audited(session)) == 1
    assert len(evidence(session)) == (2 if find is verifying.verify else 1)


def test_a_deleted_letter_is_not_verified_but_may_be_rejected(
    session: Session, asked: Asked, letter: Letter, officer: Staff
) -> None:
    later = letter.expires_at + timedelta(days=1)
    with pytest.raises(Refused, match="deleted"):
        verifying.verify(session, letter, officer, "", later)
    verifying.reject(session, letter, officer, "", later)
    assert [one.state for one in letters(session)] == ["rejected"]
