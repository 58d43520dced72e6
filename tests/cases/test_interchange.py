"""Cases as JSON: out and in, updated by reference, all or nothing."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases.interchange import export_cases, import_cases
from app.cases.models import Case
from app.errors import InvalidInput
from app.staff.models import Staff

EXAMPLE = json.loads((Path(__file__).parents[2] / "docs/examples/cases.json").read_text())


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(EXAMPLE)


def test_what_went_in_comes_out(session: Session, document: dict[str, Any]) -> None:
    import_cases(session, document, None)
    cases = session.scalars(select(Case).order_by(Case.id))
    for said, held in zip(document["cases"], export_cases(cases)["cases"], strict=True):
        for name, value in said.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                for part, kept in zip(value, held[name], strict=True):
                    assert part.items() <= kept.items()
            else:
                assert held[name] == value


def test_what_came_out_goes_in_and_changes_nothing(
    session: Session, document: dict[str, Any]
) -> None:
    assert [one.verdict for one in import_cases(session, document, None)] == ["new", "new"]
    out = export_cases(session.scalars(select(Case)))
    for again in (document, out):
        assert [one.verdict for one in import_cases(session, again, None)] == ["unchanged"] * 2


def test_a_change_is_made_by_reference_and_named(
    session: Session, document: dict[str, Any]
) -> None:
    import_cases(session, document, None)
    case = document["cases"][0]
    case["status"] = "updated"
    case["asks"][0]["deadline"] = "2027-01-31"
    case["developments"].append({"on": "2026-11-20", "text": "A first visit."})
    del case["people"]
    changed = import_cases(session, document, None)
    assert changed[0].changed == ("status", "developments", "asks")
    assert changed[1].verdict == "unchanged"
    held = session.scalars(select(Case).where(Case.reference == "CAR-2026-001")).one()
    assert [person.name for person in held.people] == ["Ines Carrow"]
    assert str(held.asks[0].deadline) == "2027-01-31"
    assert len(held.developments) == 2


def test_asks_that_a_document_does_not_name_stay(
    session: Session, document: dict[str, Any]
) -> None:
    import_cases(session, document, None)
    ask = document["cases"][0]["asks"][0]
    document["cases"][0]["asks"] = [ask | {"reference": "another", "headline": "Another ask."}]
    import_cases(session, document, None)
    held = session.scalars(select(Case).where(Case.reference == "CAR-2026-001")).one()
    assert {one.reference for one in held.asks} == {"colleague-letter", "another"}


def _without_why(document: dict[str, Any]) -> None:
    del document["cases"][1]["asks"][0]["why"]


def _blank_why(document: dict[str, Any]) -> None:
    document["cases"][1]["asks"][0]["why"] = "  "


def _unknown_sector(document: dict[str, Any]) -> None:
    document["cases"][1]["sectors"] = ["wizards"]


def _unknown_addressee(document: dict[str, Any]) -> None:
    document["cases"][1]["asks"][0]["addressees"] = ["nobody"]


def _wrong_day(document: dict[str, Any]) -> None:
    document["cases"][0]["developments"][0]["on"] = "2026-02-30"


def _twice(document: dict[str, Any]) -> None:
    document["cases"].append(document["cases"][0])


def _misspelt(document: dict[str, Any]) -> None:
    document["cases"][0]["sumary"] = "x"


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (_without_why, "cases[1].asks[0]"),
        (_blank_why, "cases[1].asks[0].why"),
        (_unknown_sector, "cases[1].sectors[0]"),
        (_unknown_addressee, "cases[1].asks[0].addressees"),
        (_wrong_day, "cases[0].developments[0].on"),
        (_twice, "cases"),
        (_misspelt, "cases[0]"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_taken(
    session: Session,
    document: dict[str, Any],
    spoil: Callable[[dict[str, Any]], None],
    where: str,
) -> None:
    spoil(document)
    with pytest.raises(InvalidInput) as error:
        import_cases(session, document, None)
    assert where in [place for place, _what in error.value.problems]
    assert session.scalar(select(func.count(Case.id))) == 0


def test_the_command_says_what_it_did(runner: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(EXAMPLE))
    done = json.loads(runner("cases", "import", path, "--json").stdout)
    assert [case["verdict"] for case in done["cases"]] == ["new", "new"]
    assert "unchanged  LAN-2026-002" in runner("cases", "import", path).stdout
    out = json.loads(runner("cases", "export", "LAN-2026-002").stdout)
    assert [case["reference"] for case in out["cases"]] == ["LAN-2026-002"]
    path.write_text('{"docket": "cases/1",')
    wrong = runner("cases", "import", path)
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "not JSON" in wrong.stderr


def test_the_page_imports_a_file_or_what_is_pasted(
    client: FlaskClient, sign_in: Callable[..., Staff]
) -> None:
    sign_in(client)
    answer = client.post("/cases/import", data={"text": json.dumps(EXAMPLE)})
    assert "2 cases read" in answer.text
    wrong = client.post("/cases/import", data={"text": '{"docket": "cases/1"}'})
    assert wrong.status_code == 422
    assert "&#39;cases&#39; is a required property" in wrong.text
