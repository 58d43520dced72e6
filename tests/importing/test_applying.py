"""Doing what was shown: all of it or nothing, and never more than the list says."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.clock import now
from app.db import Database
from app.importing import applying, runs
from app.importing.models import ImportRow, ImportRun, ImportState
from app.networks.models import Member, Membership
from app.spreadsheets import csv_lines
from tests.office import SHEET, Office

HEADER = "Name;E-mail;Profession;Country;Specialties;Languages;Tags;Sector;Notes\n"
ADA = "QUILL, Ada;Ada@example.org;lawyer;France;Asylum, Prisons;fr, en;board;medical;=1+1\n"


def test_a_new_person_comes_in_whole_and_their_consent_is_recorded(office: Office) -> None:
    before = now()
    run = office.plan(HEADER + ADA)
    assert office.apply(run)["new"] == 1
    assert office.profiles() == {
        "Ada@example.org": {
            "name": "Ada Quill",
            "profession": "lawyer",
            "country": "FR",
            "timezone": None,
            "notes": "=1+1",
            "specialties": ["Asylum", "Prisons"],
            "languages": ["fr", "en"],
            "tags": ["board"],
        }
    }
    (membership,) = office.all_of(Membership)
    assert (membership.sector, membership.source) == ("medical", "import")
    assert membership.consent_source == SHEET
    assert "Legal Network" in membership.consent_wording
    assert before <= membership.consent_at == membership.started_at <= now()
    after = office.run(run.id)
    assert (after.state, after.applied_at) == (ImportState.APPLIED, membership.consent_at)


def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    content = HEADER + ADA + "Bo;bo@example.org;judge;UK;a/b & c;español;;;\n"
    office.bring_in(content)
    before, stamps = office.profiles(), [m.updated_at for m in office.all_of(Member)]
    again = office.plan(content)
    assert office.verdicts(again) == ["unchanged", "unchanged"]
    office.apply(again)
    assert office.profiles() == before
    assert [m.updated_at for m in office.all_of(Member)] == stamps
    assert len(office.all_of(Membership)) == 2


def test_applying_twice_does_it_once(office: Office) -> None:
    run = office.plan(HEADER + ADA)
    assert office.apply(run) == office.apply(run)
    assert len(office.all_of(Membership)) == 1


def test_an_empty_cell_never_erases(office: Office) -> None:
    office.bring_in(HEADER + ADA)
    before = office.profiles()
    counts = office.bring_in(HEADER + ";ada@example.org;n/a;-;;;;;\n")
    assert (counts["unchanged"], office.profiles()) == (1, before)
    assert office.all_of(Membership)[0].sector == "medical"


def test_people_who_are_there_are_changed_list_by_list(office: Office) -> None:
    for name in ("ada", "bo", "cy"):
        office.member(
            name.title(), f"{name}@example.org", specialties=("Asylum", "Tax"), languages=("fr",)
        )
    content = "".join(
        f";{name}@example.org;judge;;tax, Prisons;en, fr;new;;\n" for name in ("ada", "bo", "cy")
    )
    assert office.bring_in(HEADER + content)["changed"] == 3
    for name, profile in office.profiles().items():
        assert profile["name"] == name.partition("@")[0].title()
        assert profile["profession"] == "judge"
        assert profile["specialties"] == ["tax", "Prisons"]
        assert profile["languages"] == ["en", "fr"]
        assert profile["tags"] == ["new"]
    assert len(office.all_of(Membership)) == 3


def test_new_and_changed_people_come_in_many_batches(
    office: Office, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(applying, "BATCH", 3)
    office.bring_in(HEADER + "".join(f";p{n}@example.org;;;a, b;;x;;\n" for n in range(0, 20, 2)))
    run = office.plan(HEADER + "".join(f";p{n}@example.org;;;b, c;fr;y;;\n" for n in range(20)))
    steps: list[int] = []
    with database.writing() as session:
        applying.apply(session, session.get_one(ImportRun, run.id), now(), steps.append)
    assert steps == [3, 6, 9, 12, 15, 18, 20]
    assert len(office.current()) == 20
    for profile in office.profiles().values():
        assert (profile["specialties"], profile["languages"]) == (["b", "c"], ["fr"])


@pytest.mark.parametrize("step", ["_enrol", "_ids_of", "_insert_members"])
def test_it_is_all_or_nothing(office: Office, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    office.member("Old", "p7@example.org", profession="judge", tags=("kept",))
    monkeypatch.setattr(applying, "BATCH", 3)
    run = office.plan(HEADER + "".join(f"P;p{n}@example.org;x;;;;y;;\n" for n in range(9)))
    whole, calls = getattr(applying, step), []

    def fails_in_the_third_batch(*arguments: object) -> object:
        calls.append(step)
        if len(calls) == 3:
            raise RuntimeError("the power went")
        return whole(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(applying, step, fails_in_the_third_batch)
        with pytest.raises(RuntimeError, match="power"):
            office.apply(run)
    assert office.current() == ["p7@example.org"]
    assert list(office.profiles()) == ["p7@example.org"]
    assert office.profiles()["p7@example.org"]["profession"] == "judge"
    assert office.profiles()["p7@example.org"]["tags"] == ["kept"]
    assert office.run(run.id).state == ImportState.PLANNED
    assert office.apply(run)["new"] == 8  # and nothing keeps it from being done after all
    assert len(office.current()) == 9


def test_without_consent_new_people_are_invited_and_members_changed(office: Office) -> None:
    office.member(profession="lawyer")
    content = HEADER + ";ada@example.org;judge;;;;;;\nBo Marsh;Bo@example.org;judge;;;fr;;;\n"
    assert office.bring_in(content, consent=None)["new"] == 1
    assert office.current() == ["ada@example.org"]
    assert list(office.profiles()) == ["ada@example.org"]
    assert office.profiles()["ada@example.org"]["profession"] == "judge"
    (invitation,) = office.invitations()
    assert (invitation.email, invitation.email_key) == ("Bo@example.org", "bo@example.org")
    assert (invitation.source, invitation.profile["languages"]) == ("import", ["fr"])
    assert invitation.next_try_at is not None  # its mail is due
    office.bring_in(content, consent=None)
    assert len(office.invitations()) == 1


@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
def test_refused_rows_can_be_mended_and_brought_back(office: Office, header: bool) -> None:
    rows = [
        '"Ada, =Quill";ada@example.org;"=notes\nof two lines"',
        "Bo;bo at example.org;+41 22",
        "Cy;;-1-",
        "Ada;ADA@example.org;again",
    ]
    title = "Name;E-mail;Notes\n" if header else ""
    run = office.plan(title + "\n".join(rows) + "\n")
    with office.database.reading() as session:
        sheet = "".join(csv_lines(runs.refused_rows(session, run)))
    assert sheet.startswith("\ufeff")
    lines = sheet.removeprefix("\ufeff").splitlines()
    assert len(lines) == 4
    first = 4 if header else 3  # the first person takes two lines
    assert lines[1].startswith(f"Bo,bo at example.org,'+41 22,{first},E-mail: ") is header
    assert lines[1].split(",")[2:4] == ["'+41 22", str(first)]
    assert f"The same person stands in line {first - 2}." in lines[3]
    office.apply(run)
    mended = sheet.replace("bo at example.org", "bo@example.org")
    mended = mended.replace("Cy,,", "Cy,cy@x.example,")
    again = office.plan(mended)
    assert office.verdicts(again)[:2] == ["new", "new"]
    office.apply(again)
    assert office.current() == ["ada@example.org", "bo@example.org", "cy@x.example"]
    if header:
        assert office.profiles()["bo@example.org"]["notes"] == "+41 22"
        assert office.profiles()["cy@x.example"]["notes"] == "-1-"


def test_the_worker_reads_and_applies_what_waits(office: Office, tmp_path: Path) -> None:
    run = office.plan(HEADER + ADA)
    with office.database.writing() as session:
        held = session.get_one(ImportRun, run.id)
        runs.choose_columns(held, {1: "email"})
    runs.work_through(office.database, tmp_path)
    assert office.run(run.id).state == ImportState.PLANNED
    with office.database.writing() as session:
        runs.approve(session.get_one(ImportRun, run.id))
    runs.work_through(office.database, tmp_path)
    assert (office.current(), list(tmp_path.iterdir())) == (["Ada@example.org"], [])


def test_the_rows_of_an_import_are_forgotten_after_a_month(office: Office) -> None:
    old, young = office.plan(HEADER + ADA), office.plan(HEADER + ADA)
    with office.database.writing() as session:
        past = now() - timedelta(days=31)
        session.execute(update(ImportRun).where(ImportRun.id == old.id).values(created_at=past))
        runs.forget_old(session, now())
    assert {row.run_id for row in office.all_of(ImportRow)} == {young.id}
    with office.database.reading() as session:
        assert session.get_one(ImportRun, old.id).content is None
        assert session.get_one(ImportRun, young.id).content is not None


def test_what_cannot_be_applied_fails_with_a_word_and_is_not_tried_for_ever(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def does_not_fit(*_arguments: object) -> None:
        raise IntegrityError("INSERT", {}, ValueError("a row is in the way"))

    run = office.plan(HEADER + ADA)
    with office.database.writing() as session:
        runs.approve(session.get_one(ImportRun, run.id))
    with monkeypatch.context() as patched:
        patched.setattr(applying, "_enrol", does_not_fit)
        runs.work_through(office.database, tmp_path)
    after = office.run(run.id)
    assert after.state == ImportState.FAILED
    assert "read again" in (after.error or "")
    assert office.current() == []
    assert list(tmp_path.iterdir()) == []
