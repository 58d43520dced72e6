"""`docket members import`: what it prints, what it writes, and how it ends."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.importing.models import ImportRow, ImportRun
from app.staff.models import AuditEntry
from tests.conftest import Ran
from tests.office import SHEET, Office

CONTENT = "Name;E-mail;Country\nAda;ada@example.org;Atlantis\nBo;bo at x;\nCy;ADA@example.org;\n"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(CONTENT, encoding="utf-8")
    return path


def test_the_command_imports_and_says_what_it_did(
    office: Office, runner: Callable[..., Ran], sheet: Path
) -> None:
    ran = runner("members", "import", sheet, "--network", "legal", "--consent", SHEET)
    assert ran.exit_code == 0
    assert "imported:" in ran.stdout
    assert "1  new" in ran.stdout
    assert "line 3: E-mail 'bo at x': Mail cannot reach this address" in ran.stdout
    assert "line 4: The same person stands in line 2." in ran.stdout
    assert "line 2: Country 'Atlantis': This country is not known. It was left out." in ran.stdout
    assert office.current() == ["ada@example.org"]
    (entry,) = office.all_of(AuditEntry)
    assert (entry.action, entry.detail["new"]) == ("import.applied", 1)
    assert "ada" not in json.dumps(entry.detail)


def test_a_dry_run_changes_nothing(office: Office, runner: Callable[..., Ran], sheet: Path) -> None:
    ran = runner(
        *("members", "import", sheet, "--network", "legal", "--consent", SHEET, "--dry-run")
    )
    assert ran.exit_code == 0
    assert "nothing was changed" in ran.stdout
    assert "line 3" in ran.stdout
    assert (office.profiles(), office.invitations()) == ({}, [])
    for table in (ImportRun, ImportRow, AuditEntry):
        assert office.all_of(table) == []


def test_json_is_one_document_on_stdout(
    office: Office, runner: Callable[..., Ran], sheet: Path
) -> None:
    arguments = ("members", "import", sheet, "--network", "legal", "--consent", SHEET, "--json")
    tried = json.loads(runner(*arguments, "--dry-run").stdout)
    done = json.loads(runner(*arguments).stdout)
    assert (tried.pop("applied"), done.pop("applied")) == (False, True)
    assert tried["counts"] == done["counts"]
    assert tried["counts"] == {
        "new": 1,
        "changed": 0,
        "unchanged": 0,
        "duplicate": 1,
        "refused": 1,
        "left_out": 1,
    }
    assert tried["problems"] == done["problems"]
    assert done["problems"][0] == {
        "line": 2,
        "verdict": "new",
        "column": "Country",
        "value": "Atlantis",
        "reason": "This country is not known. It was left out.",
        "fatal": False,
    }


def test_refused_rows_are_written_for_mending(
    office: Office, runner: Callable[..., Ran], sheet: Path, tmp_path: Path
) -> None:
    mend = tmp_path / "mend.csv"
    ran = runner(
        *("members", "import", sheet, "--network", "legal", "--consent", SHEET),
        *("--refused", mend, "--dry-run"),
    )
    assert ran.exit_code == 0
    with mend.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["Name", "E-mail", "Country", "Line", "What to mend"]
    assert [row[:4] for row in rows] == [
        ["Bo", "bo at x", "", "3"],
        ["Cy", "ADA@example.org", "", "4"],
    ]


def test_many_problems_are_cut_short(
    office: Office, runner: Callable[..., Ran], tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Name,E-mail\nBo,bo@x.example\n" + "Ada,nobody\n" * 25, encoding="utf-8")
    ran = runner("members", "import", path, "--network", "legal", "--invite", "--dry-run")
    assert "… and 5 more: see --refused FILE" in ran.stdout
    assert ran.stdout.count("an @-sign") == 20


def test_people_can_be_invited_instead(
    office: Office, runner: Callable[..., Ran], sheet: Path
) -> None:
    assert runner("members", "import", sheet, "--network", "legal", "--invite").exit_code == 0
    assert [invitation.email for invitation in office.invitations()] == ["ada@example.org"]
    assert office.current() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{sheet}", "--network", "legal"), "--consent"),
        (("{sheet}", "--network", "legal", "--consent", "x", "--invite"), "either"),
        (("{sheet}", "--network", "nowhere", "--invite"), "no network “nowhere”"),
        (("{sheet}", "--invite"), "--network"),
        (("{sheet}.gone", "--network", "legal", "--invite"), "does not exist"),
        (("{empty}", "--network", "legal", "--invite"), "empty.csv: The file is empty."),
        (("{ages}", "--network", "legal", "--invite"), "which column holds the e-mail"),
        (("{sheet}", "--network", "legal", "--invite", "--wrong"), "--wrong"),
    ],
)
def test_what_is_wrong_ends_with_status_2_on_stderr(
    office: Office,
    runner: Callable[..., Ran],
    sheet: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    paths = {"sheet": sheet, "empty": tmp_path / "empty.csv", "ages": tmp_path / "ages.csv"}
    paths["empty"].touch()
    paths["ages"].write_text("Name,Age\nAda,7\n", encoding="utf-8")
    ran = runner("members", "import", *(text.format(**paths) for text in arguments))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert words in ran.stderr
    assert office.all_of(ImportRun) == []


@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["real", "dry run"])
def test_a_file_that_breaks_further_down_is_not_kept(
    office: Office, runner: Callable[..., Ran], tmp_path: Path, options: list[str]
) -> None:
    path = tmp_path / "list.csv"
    rows = "".join(f"Somebody,person{n}@example.org\n" for n in range(60))
    path.write_text(f'Name,E-mail\n{rows}"Open,open@example.org\n', encoding="utf-8")
    ran = runner("members", "import", path, "--network", "legal", "--invite", *options)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "line 62" in ran.stderr
    assert (office.current(), office.invitations()) == ([], [])
    assert (office.all_of(ImportRun), office.all_of(ImportRow)) == ([], [])
