"""What a list is found to do before anything is done: each row's verdict, and why."""

import pytest

from app.clock import now
from app.db import Database
from app.errors import InvalidInput, Refused
from app.importing import applying, runs, staging
from app.importing.models import ImportRun, ImportState
from app.networks.models import Member, Membership, Network, Suppression
from tests import personas
from tests.office import Office

HEADER = "Name;E-mail;Profession;Country;Languages;Tags\n"


def test_new_changed_unchanged_double_and_refused_rows_are_told_apart(office: Office) -> None:
    office.member("Ada Quill", "ada@example.org", profession="lawyer")
    office.member("Bo Marsh", "bo@example.org", profession="judge", languages=("fr",))
    run = office.plan(
        HEADER + "Ada Quill;ADA@example.org;Judge;France;;\n"
        "Bo Marsh;bo@example.org;judge;;French;\n"
        "Cy Vane;cy@example.org;;;;\n"
        "Cy Vane;Cy@Example.org;;;;\n"
        "Di Hollow;di at example;;;;\n"
        "Ed Fosse;ed@example.org;;Atlantis;Elvish, fr;\n"
    )
    assert run.state == ImportState.PLANNED
    assert office.verdicts(run) == ["changed", "unchanged", "new", "duplicate", "refused", "new"]
    assert run.counts == {
        "new": 2,
        "changed": 1,
        "unchanged": 1,
        "duplicate": 1,
        "refused": 1,
        "left_out": 1,
    }
    rows = office.rows(run)
    assert rows[0].changes == {"profession": ["lawyer", "Judge"], "country": [None, "FR"]}
    assert rows[3].problems[0]["reason"] == "The same person stands in line 4."
    (refused,) = rows[4].problems
    assert (rows[4].line, refused["column"], refused["value"]) == (6, "E-mail", "di at example")
    assert refused["fatal"] and "an @-sign" in refused["reason"]
    left_out = [(p["column"], p["value"], p["fatal"]) for p in rows[5].problems]
    assert left_out == [("Country", "Atlantis", False), ("Languages", "Elvish", False)]
    assert rows[4].cells == ["Di Hollow", "di at example", "", "", "", ""]


def test_planning_changes_nobody(office: Office) -> None:
    office.member(profession="lawyer")
    office.plan(HEADER + "Ada Quill;ada@example.org;judge;;;\nBo;bo@example.org;;;;\n")
    assert office.profiles()["ada@example.org"]["profession"] == "lawyer"
    assert office.current() == ["ada@example.org"]


def test_changes_of_lists_are_shown_whole(office: Office) -> None:
    office.member(languages=("fr",), tags=("Board",))
    run = office.plan(HEADER + "Ada Quill;ada@example.org;;;en, fr;board\n")
    assert office.rows(run)[0].changes == {"languages": [["fr"], ["en", "fr"]]}


def test_who_is_suppressed_or_left_is_not_brought_back(office: Office, database: Database) -> None:
    with database.writing() as session:
        network = session.get_one(Network, office.network.id)
        left = personas.member(session, None, email="left@example.org")
        day = now().replace(year=2025, month=3, day=4)
        personas.membership(session, left, network, ended_at=day, end_reason="unsubscribed")
        for key in ("bounced@example.org", "back@example.org"):
            session.add(Suppression(email_key=key, reason="bounced", created_at=now()))
        session.flush()
        lifted = session.query(Suppression).filter_by(email_key="back@example.org").one()
        lifted.lifted_at = now()
    content = HEADER + "".join(
        f"Somebody;{who}@example.org;lawyer;;;\n" for who in ("left", "Bounced", "back", "new")
    )
    run = office.plan(content)
    assert office.verdicts(run) == ["refused", "refused", "new", "new"]
    reasons = [p["reason"] for row in office.rows(run) for p in row.problems]
    assert "Left this network on 2025-03-04" in reasons[0]
    assert "suppressed" in reasons[1]
    office.apply(run)
    assert office.current() == ["back@example.org", "new@example.org"]
    assert office.profiles()["left@example.org"]["profession"] is None


def test_who_left_and_came_back_is_a_member_like_others(office: Office, database: Database) -> None:
    member_id = office.member()
    with database.writing() as session:
        network = session.get_one(Network, office.network.id)
        member = session.get_one(Member, member_id)
        personas.membership(session, member, network, ended_at=now(), end_reason="unsubscribed")
    assert office.verdicts(office.plan("E-mail\nada@example.org\n")) == ["unchanged"]


def test_a_member_of_another_network_is_new_here_and_stays_one_person(
    office: Office, database: Database
) -> None:
    with database.writing() as session:
        other = personas.network(session, "medical")
        personas.member(session, other, "Ada Quill", "ada@example.org", profession="doctor")
    office.bring_in(HEADER + "Ada Quill;Ada@example.org;;France;;\n")
    assert list(office.profiles()) == ["ada@example.org"]
    # What another network knows of somebody is neither shown nor changed from here.
    assert office.profiles()["ada@example.org"]["country"] is None
    (row,) = office.rows(office.last_run())
    assert (row.verdict, row.changes) == ("new", {})
    assert len(office.all_of(Membership)) == 2


def test_columns_may_be_chosen_anew_until_the_list_is_applied(
    office: Office, database: Database
) -> None:
    run = office.plan("E-mail;Beruf\nada@example.org;Richterin\n")
    assert office.rows(run)[0].candidate["profession"] == "Richterin"
    with database.writing() as session:
        runs.choose_columns(session.get_one(ImportRun, run.id), {0: "email", 1: "tags"})
    staging.read(database, run.id)
    (row,) = office.rows(run)
    assert (row.candidate["profession"], row.candidate["tags"]) == ("", ["Richterin"])
    office.apply(run)
    with pytest.raises(Refused, match="columns are fixed"):
        runs.choose_columns(office.run(run.id), {0: "email"})
    with pytest.raises(Refused, match="applied already"):
        runs.approve(office.run(run.id))


def test_columns_that_do_not_fit_are_refused_in_words(office: Office, database: Database) -> None:
    with database.writing() as session:
        network = session.get_one(Network, office.network.id)
        run = runs.start(session, network, None, runs.look("x.csv", b"Name,Age\nAda,7\n"), None)
        assert run.mapping == {"0": "name"}
        with pytest.raises(InvalidInput, match="holds the e-mail address"):
            runs.choose_columns(run, {0: "name"})


def test_a_file_that_is_no_table_leaves_nothing_behind(office: Office) -> None:
    with pytest.raises(InvalidInput, match="The file was not taken") as refusal:
        office.plan(b"", filename="empty.csv")
    assert refusal.value.problems == [("empty.csv", "The file is empty.")]
    assert office.all_of(ImportRun) == []


def test_a_file_that_breaks_further_down_fails_the_whole_run(office: Office) -> None:
    rows = "".join(f"Somebody;person{n}@example.org\n" for n in range(700))
    run = office.plan("Name;E-mail\n" + rows + '"Open;open@example.org\nBo;bo@example.org\n')
    assert run.state == ImportState.FAILED
    assert run.error is not None and "line 702" in run.error
    assert office.current() == []


def test_a_long_list_is_read_in_chunks_and_doubles_are_found_across_them(
    office: Office, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 3)
    monkeypatch.setattr(applying, "BATCH", 2)
    rows = "".join(f"Person {n};p{n % 8}@example.org\n" for n in range(10))
    run = office.plan("Name;E-mail\n" + rows)
    assert (run.counts["new"], run.counts["duplicate"], run.rows_read) == (8, 2, 10)
    office.apply(run)
    assert len(office.current()) == 8


def test_zero_bytes_and_odd_characters_can_be_stored(office: Office) -> None:
    odd = "A\0da \U0001f980;ada@example.org;\ufffe\x07\u2028x\n"
    counts = office.bring_in("Na\0me;E-mail;Notes\n" + odd)
    assert counts["new"] == 1
    assert office.profiles()["ada@example.org"]["name"] == "Ada \U0001f980"
