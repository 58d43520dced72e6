"""A draft as its members see it: on a page of its own, and for the frame on the desk."""

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import web
from app.clock import now
from app.errors import NotFound
from app.issues.preview import PERSONAS, PREVIEW_PATH, first_members, preview_as
from app.issues.routes import issue_or_404
from newsletters.content import CompositionError

blueprint = Blueprint("previews", __name__)
THEMES = {"light": _l("Light"), "dark": _l("Dark")}
# The page that says so is shown in the frame where the mail would be.
BROKEN_POLICY = web.POLICY | {"frame-ancestors": "'self'"}
DARK = "@media (prefers-color-scheme: dark)"


@blueprint.get("/issues/<int:issue_id>/preview")
@web.staff_only(*web.EDITORS)
def show(issue_id: int) -> ResponseReturnValue:
    session, issue = web.session(), issue_or_404(issue_id)
    members = first_members(session, issue)
    who = request.args.get("member", "")
    if who not in PERSONAS and not who.isdecimal():
        who = str(members[0].id) if members else next(iter(PERSONAS))
    shown, problem = None, ""
    try:
        shown = preview_as(session, web.services(), issue, who, now())
    except CompositionError as error:
        problem = str(error)
    return render_template(
        "issues/preview.html",
        issue=issue,
        members=members,
        personas=PERSONAS,
        who=who,
        preview=shown,
        problem=problem,
        theme=request.args.get("theme", ""),
        themes=THEMES,
    )


@blueprint.get("/issues/<int:issue_id>/preview/<who>.<form>")
@web.staff_only(*web.EDITORS)
def file(issue_id: int, who: str, form: str) -> ResponseReturnValue:
    """The mail itself: `html` for a frame, `txt`, its source as `eml` to keep."""
    session, issue = web.session(), issue_or_404(issue_id)
    if form not in ("html", "txt", "eml"):
        raise NotFound(_("This preview does not exist."))
    try:
        shown = preview_as(session, web.services(), issue, who, now())
    except CompositionError as error:
        page = render_template("issues/preview_broken.html", problem=str(error))
        return web.use_policy(make_response(page, 409), BROKEN_POLICY)
    if form == "html":
        return web.framed_mail(dressed(shown.html, request.args.get("theme", "")), by_us=True)
    if form == "txt":
        return Response(shown.text, content_type="text/plain; charset=utf-8")
    response = make_response(shown.eml)
    response.content_type = "message/rfc822"
    response.headers["Content-Disposition"] = f"attachment; filename=issue-{issue.id}.eml"
    return response


@blueprint.get(PREVIEW_PATH)
@web.public
def link() -> ResponseReturnValue:
    """Where the links of a preview lead."""
    return render_template("issues/preview_link.html")


def dressed(html: str, theme: str) -> str:
    """The mail in one theme, whatever the reader's own: else as their system has it."""
    if theme in THEMES:
        return html.replace(DARK, "@media all" if theme == "dark" else "@media not all")
    return html
