"""Issues on the web, for whoever staff let read them, and the form with which they do.

No page of these records anything, shows a member's name or holds a token: a link goes from hand to
hand. None is to be found by search engines, also not the public ones: people in danger stand in
them.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app import web
from app.archive import choosing, showing
from app.clock import now
from app.errors import NotFound
from app.extensions import limiter
from app.issues.composing import House
from app.issues.models import Archived, Issue
from app.issues.routes import issue_or_404
from app.links import Purpose
from app.networks.models import Network
from app.sectors import sector_name
from app.translating import into
from newsletters.words import day as day_in
from newsletters.words import direction, locale_of

blueprint = Blueprint("archive", __name__)
BROKEN = "archive/broken.html"


@blueprint.get("/archive/<code>/")
@web.public
@limiter.limit(lambda: web.services().settings.public_limit)
def index(code: str) -> ResponseReturnValue:
    """A network of which nothing is public does not show that it exists."""
    network = web.session().scalars(select(Network).where(Network.code == code)).first()
    issues = showing.public_issues(web.session(), network) if network else ()
    if not issues:
        raise NotFound(_nothing())
    return render_template("archive/index.html", network=network, issues=issues, dir_of=direction)


@blueprint.get("/archive/<code>/<int:issue_id>")
@web.public
@limiter.limit(lambda: web.services().settings.public_limit)
def show(code: str, issue_id: int) -> ResponseReturnValue:
    issue = web.session().get(Issue, issue_id)
    if issue is None or issue.network.code != code or not _is_open(issue, Archived.PUBLIC):
        raise NotFound(_nothing())
    return _page(issue)


@blueprint.get("/a/<token:token>")
@web.public
@limiter.limit(lambda: web.services().settings.public_limit)
def by_link(token: str) -> ResponseReturnValue:
    """For members: one link for all of them, dead as soon as staff choose otherwise."""
    (issue_id,) = web.ids_behind(token, Purpose.ARCHIVE, BROKEN)
    issue = web.session().get(Issue, issue_id)
    if issue is None or not _is_open(issue, Archived.PUBLIC, Archived.MEMBERS):
        raise web.BrokenLink(BROKEN, "gone", 410)
    return _page(issue)


@blueprint.post("/issues/<int:issue_id>/archive")
@web.staff_only(*web.EDITORS)
def choose(issue_id: int) -> ResponseReturnValue:
    issue, who = issue_or_404(issue_id), request.form.get("readers", "")
    if choosing.choose(web.session(), issue, who, web.current_staff()):
        text = {
            Archived.PUBLIC: _("Anybody can read it now."),
            Archived.MEMBERS: _("Whoever has its link can read it now."),
            Archived.NONE: _("Nobody can read it on the web any more. Links to it are dead."),
        }[Archived(who)]
        flash(text, "ok")
    return redirect(url_for("issues.show", issue_id=issue.id, _anchor="archive"))


@blueprint.app_context_processor
def for_the_issues_page() -> dict[str, object]:
    return {"archive_page": archive_page}


def archive_page(issue: Issue) -> choosing.Page:
    return choosing.page_of(web.session(), web.services().links, issue)


def _is_open(issue: Issue, *to: Archived) -> bool:
    return issue.frozen_at is not None and issue.archive in to


def _page(issue: Issue) -> str:
    settings = web.services().settings
    seen = showing.shown(web.session(), issue, House.of(settings), now())
    language = seen.content.language
    translate = into(language)
    return render_template(
        "archive/show.html",
        issue=issue,
        shown=seen,
        content=seen.content,
        dir=direction(language),
        t=translate,
        day_in=lambda value: day_in(value, language),
        markdown=lambda text: showing.to_html(text, settings.base_url, translate),
        path_of=showing.path_of,
        sectors=lambda codes: _sectors(codes, language),
        is_public=issue.archive == Archived.PUBLIC,
    )


def _sectors(codes: tuple[str, ...], language: str) -> str:
    with force_locale(str(locale_of(language))):
        return ", ".join(map(sector_name, codes))


def _nothing() -> str:
    return str(_("There is no such page, or it is not for everybody to read."))
