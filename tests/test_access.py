"""Every route × role: who is let in, who is sent away, and that no POST works without its token."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.db import Database
from app.staff.models import Role, Staff
from tests import personas

VALUES = {
    **dict.fromkeys(("issue_id", "member_id", "case_id", "run_id", "delivery_id"), "1"),
    **dict.fromkeys(("offer_id", "part_id", "staff_id", "letter_id"), "1"),
    **dict.fromkeys(("conversation_id", "mail_id", "response_id", "picture_id"), "1"),
    **dict.fromkeys(("entry_id", "snippet_id"), "1"),
    "code": "legal",
    "reference": "CASE-1",
    "kind": "asks",
    "form": "html",
    "message_id": "x",
    "token": "x",
    "suffix": "jpg",
    "who": "everything",
    "number": "1",
    "end": "new",
    "filename": "docket.svg",
}
# Doors of mail providers: closed until there is a setting, signed or with a token when open.
DOORS = {
    *("doors.mime", "doors.ses_posts", "doors.sendgrid_events", "doors.postmark_posts"),
    *("doors.mailgun_events", "doors.mailgun_mime", "doors.brevo_events"),
}
WITHOUT_CSRF = {"responses.answer", "inbound.unsubscribe", "joining.confirm", "giving.give"} | DOORS
WITHOUT_CSRF |= {"preferences.show", "addresses.confirm"}
LIBRARIES = {"static", "htmx"}


def walk(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Every rule, method and address."""
    adapter = app.url_map.bind("docket.example.org", url_scheme="https")
    for rule in app.url_map.iter_rules():
        if rule.endpoint in LIBRARIES:
            continue
        values = {name: VALUES[name] for name in rule.arguments}
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            yield rule, method, adapter.build(rule.endpoint, values, method=method)


def access_of(app: Flask, rule: Rule) -> frozenset[Role] | None:
    roles: frozenset[Role] | None = app.view_functions[rule.endpoint].access.roles  # type: ignore[attr-defined]
    return roles


def status(client: FlaskClient, method: str, path: str) -> int:
    return client.open(path, method=method, base_url="https://docket.example.org").status_code


def test_nobody_comes_in_without_signing_in(app: Flask, client: FlaskClient) -> None:
    for rule, method, path in walk(app):
        got = status(client, method, path)
        if access_of(app, rule) is None:
            assert got not in (401, 403), (method, path)
        else:
            assert got == (302 if method == "GET" else 401), (method, path)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_comes_in_where_the_route_names_it(
    app: Flask,
    client: FlaskClient,
    database: Database,
    sign_in: Callable[..., Staff],
    role: Role,
) -> None:
    with database.writing() as session:
        network = personas.network(session)
    sign_in(client, role.value, [network] if role is Role.COORDINATOR else [])
    for rule, method, path in walk(app):
        roles = access_of(app, rule)
        if rule.endpoint in ("staff.sign_out", "staff.end_sessions", "staff.close"):
            continue  # they would end the walk
        got = status(client, method, path)
        if roles is not None and role not in roles:
            assert got == 403, (role, method, path)
        else:
            assert got not in (401, 403, 500), (role, method, path)


def test_the_roles_are_those_that_we_mean(app: Flask) -> None:
    """A route that opens to more people than before must be a decision, seen here."""
    reviewer = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in LIBRARIES and Role.REVIEWER in (access_of(app, rule) or ())
    }
    assert reviewer == {
        *("shell.home", "reports.index", "reports.show", "reports.as_csv", "reports.as_json"),
        *("staff.account", "staff.change_password", "staff.end_sessions", "staff.sign_out"),
    }
    public = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in LIBRARIES and access_of(app, rule) is None
    }
    assert public == {
        *("watching.healthz", "watching.readyz", "watching.prometheus"),
        *("staff.sign_in", "staff.sign_in_by_link"),
        *("joining.join", "joining.confirm", "responses.answer", "inbound.unsubscribe", *DOORS),
        *("preferences.ask", "preferences.show", "addresses.confirm"),
        *("previews.link", "giving.give", "media.content"),
        *("archive.index", "archive.show", "archive.by_link"),
    }


def test_a_coordinator_of_another_network_finds_nothing(
    app: Flask, client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        legal, medical = personas.network(session), personas.network(session, "medical")
        member = personas.member(session, legal)
        asked = personas.ask(session, personas.case(session))
        issue = personas.issue(session, legal, [asked])
        delivery = personas.delivered(session, issue)[0]
    sign_in(client, "coordinator", [medical])
    for path in (
        "/networks/legal",
        "/networks/legal/edit",
        "/networks/legal/import",
        f"/networks/legal/members/{member.id}",
        f"/issues/{issue.id}",
        f"/issues/{issue.id}/edit",
        f"/issues/{issue.id}/preview/{member.id}.html",
        f"/issues/{issue.id}/responses",
        f"/issues/{issue.id}/responses/{delivery.id}",
        f"/issues/{issue.id}/print",
        f"/reports/{issue.id}",
        f"/reports/{issue.id}.csv",
    ):
        assert status(client, "GET", path) == 404, path
    post = f"/issues/{issue.id}/unschedule"
    assert status(client, "POST", post) == 404


def test_a_reviewer_sees_no_address_and_no_name(
    client: FlaskClient, database: Database, sign_in: Callable[..., Staff]
) -> None:
    with database.writing() as session:
        network = personas.network(session)
        personas.member(session, network, name="Ada Secret", email="ada.secret@example.org")
        issue = personas.issue(session, network, [personas.ask(session, personas.case(session))])
        personas.delivered(session, issue)
    sign_in(client, "reviewer")
    for path in ("/reports/", f"/reports/{issue.id}", f"/reports/{issue.id}.csv"):
        answer = client.get(path)
        assert answer.status_code == 200
        text = answer.text
        assert "Secret" not in text
        assert "secret@" not in text


def test_no_post_works_without_its_token(
    app: Flask, client: FlaskClient, sign_in: Callable[..., Staff]
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    sign_in(client, "admin")
    for rule, method, path in walk(app):
        if method != "POST" or rule.endpoint in WITHOUT_CSRF:
            continue
        answer = client.post(path, base_url="https://docket.example.org")
        assert answer.status_code == 400, path
        assert "Nothing was changed" in answer.text


def test_every_answer_carries_the_headers_that_keep_it_in_its_place(
    app: Flask, client: FlaskClient
) -> None:
    for path in ("/sign-in", "/r/x", "/nowhere", "/static/css/base.css"):
        with client.get(path, base_url="https://docket.example.org") as answer:
            pass
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Strict-Transport-Security"]
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store"
