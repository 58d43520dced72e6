"""Taking a list in on the pages."""

import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import scheduler
from app.importing.models import ImportState
from app.networks.models import Membership
from app.services import Services
from app.staff.models import Staff
from tests.office import Office

LIST = b"Name,E-mail\nAda,ada@example.org\nBo,nobody\n"


@pytest.fixture
def editor(client: FlaskClient, sign_in: Callable[..., Staff], office: Office) -> FlaskClient:
    sign_in(client, "coordinator", [office.network])
    return client


def upload(editor: FlaskClient, content: bytes = LIST, **form: str) -> TestResponse:
    data = {"how": "consent", "consent_source": "a sheet"} | form
    return editor.post(
        "/networks/legal/import", data=data | {"file": (io.BytesIO(content), "list.csv")}
    )


def test_nobody_comes_in_without_a_word_of_where_they_agreed(
    editor: FlaskClient, office: Office
) -> None:
    for nothing in ("", "  "):
        answer = upload(editor, consent_source=nothing)
        assert answer.status_code == 422
        assert "Say where they agreed" in answer.text
    assert upload(editor, how="invite", consent_source="").status_code == 302


def test_from_upload_to_members(editor: FlaskClient, office: Office, services: Services) -> None:
    page = upload(editor).headers["Location"]
    assert "Which column is what?" in editor.get(page).text
    wrong = editor.post(f"{page}/columns", data={"column-0": "name"})
    assert wrong.status_code == 422
    editor.post(f"{page}/columns", data={"column-0": "name", "column-1": "email"})
    assert "Reading the file" in editor.get(page).text
    scheduler.read_imports(services)
    assert editor.get(f"{page}/progress").headers["HX-Refresh"] == "true"
    assert "What the import would do" in editor.get(page).text
    assert "nobody" in editor.get(f"{page}?verdict=refused").text
    assert "Bo,nobody,3" in editor.get(f"{page}/refused.csv").text
    assert office.current() == []
    editor.post(f"{page}/apply")
    scheduler.read_imports(services)
    assert office.last_run().state == ImportState.APPLIED
    assert office.current() == ["ada@example.org"]
    (membership,) = office.all_of(Membership)
    assert membership.consent_source == "a sheet"
    assert editor.post(f"{page}/apply").status_code == 409


def test_a_file_that_is_no_list_is_refused_with_a_word(editor: FlaskClient) -> None:
    answer = upload(editor, b"")
    assert answer.status_code == 422
    assert "The file is empty" in answer.text
