"""The words of the day an issue was frozen stay, whatever is written anew afterwards."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.archive import keeping
from app.archive.models import FrozenWords
from app.cases.models import CaseStatus
from app.clock import now
from app.db import Database
from app.delivery import preparing
from app.issues.composing import content_of
from app.issues.models import Issue
from newsletters.content import CompositionError
from tests import personas
from tests.archive.conftest import HOUSE, Archive


def test_freezing_keeps_every_block_and_every_ask(database: Database, archive: Archive) -> None:
    with database.reading() as session:
        issue = session.get_one(Issue, archive.issue_id)
        assert keeping.is_kept(session, issue)
        kept = keeping.words_of(session, issue)
        assert kept == content_of(issue, issue.offers, HOUSE)
        assert [len(case.asks) for case in kept.cases] == [3, 1]


def test_a_case_that_is_written_anew_leaves_them_as_they_were(
    database: Database, archive: Archive
) -> None:
    archive.change_case(title="Somebody else", summary="Something else.")
    with database.reading() as session:
        kept = keeping.words_of(session, session.get_one(Issue, archive.issue_id))
        assert kept.cases[0].heading == "Mira Solenne"
        assert "arrested" in kept.cases[0].body


def test_another_language_has_the_words_of_the_issue_until_it_has_its_own(
    database: Database, archive: Archive
) -> None:
    with database.writing() as session:
        issue = session.get_one(Issue, archive.issue_id)
        assert keeping.words_of(session, issue, language="fr").language == "en"
        french = session.get_one(FrozenWords, (issue.id, "en")).content | {"language": "fr"}
        row = FrozenWords(issue_id=issue.id, language="fr", content=french, at=now())
        session.add(row)
        session.flush()  # it is looked up by its key
        assert keeping.words_of(session, issue, language="fr").language == "fr"


def test_an_issue_that_an_earlier_version_sent_has_the_words_of_today(session: Session) -> None:
    network = personas.network(session)
    case = personas.case(session)
    issue = personas.issue(session, network, [personas.ask(session, case)])
    personas.delivered(session, issue)
    assert not keeping.is_kept(session, issue)
    case.title = "Written anew"
    assert keeping.words_of(session, issue).cases[0].heading == "Written anew"


def test_an_issue_that_goes_back_to_draft_keeps_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = personas.network(session)
    personas.member(session, network)
    case = personas.case(session)
    issue = personas.issue(session, network, [personas.ask(session, case)])
    preparing.schedule(session, issue, now(), None, now())
    session.flush()

    def broken(*_arguments: object) -> object:
        raise CompositionError("too long")

    with monkeypatch.context() as patched:
        patched.setattr(preparing.wire, "compile", broken)
        assert preparing.freeze(session, issue.id, now()) == 0
    assert session.scalar(select(func.count()).select_from(FrozenWords)) == 0
    preparing.schedule(session, issue, now(), None, now())
    case.status = CaseStatus.UPDATED.value
    assert preparing.freeze(session, issue.id, now()) == 1
    assert keeping.is_kept(session, issue)
