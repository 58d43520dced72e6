"""The desk: one page on which a draft is written. It saves itself, and works as a plain form too.

Every button of the page is part of its one form, so that no press loses what was typed: first the
words are saved, then what the button says is done.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app import web
from app.catalogue.taking import for_sector
from app.clock import now
from app.delivery.audience import offers_key, recipients
from app.errors import DocketError, NotFound, Refused
from app.issues import acting, approving, blocks, grid, notes, saving, sending, versions
from app.issues.acting import Done
from app.issues.composing import content_of
from app.issues.finding_cases import cases_to_offer
from app.issues.forms import WordsForm
from app.issues.models import BlockKind, Issue
from app.issues.preview import PERSONAS, first_members, preview_as
from app.issues.preview_routes import THEMES, dressed
from app.issues.routes import issue_or_404
from app.issues.saving import Change, Saved
from app.media.keeping import usable
from app.networks.models import Member
from app.outside import watching
from app.shell import clock
from app.staff import audit
from app.staff.models import Staff
from newsletters.content import CompositionError

blueprint = Blueprint("desk", __name__)
ADDED = tuple(kind for kind in BlockKind if kind is not BlockKind.CASE)
WAS = "was:"  # before the name of a field: the text it held when the page showed it
A_PAGE = 50


@blueprint.get("/issues/<int:issue_id>/edit")
@web.staff_only(*web.EDITORS)
def edit(issue_id: int) -> ResponseReturnValue:
    issue = issue_or_404(issue_id)
    if issue.scheduled_for is not None:
        return redirect(url_for("issues.show", issue_id=issue.id))
    return _page(issue, Saved())


@blueprint.post("/issues/<int:issue_id>/edit")
@web.staff_only(*web.EDITORS)
def change(issue_id: int) -> ResponseReturnValue:
    """Save the words that changed, then do what the button says. Fields that somebody else changed
    meanwhile are shown beside theirs, and all others are saved."""
    session, issue, staff = web.session(), issue_or_404(issue_id), web.current_staff()
    by_itself = request.accept_mimetypes.best == "application/json"
    versions.begin(session, issue, now())
    try:
        saved = saving.save(session, issue, list(_changes()), staff.id, now())
    except Refused as refused:
        if by_itself:
            return {"refused": str(refused)}, refused.status
        raise
    if saved.changed:
        audit.record(session, "issue.rewritten", issue, staff, fields=sorted(saved.changed))
        versions.keep(session, issue, staff.id, now())
        _have_looked_at(issue)
    if by_itself:
        return _told(issue, saved)
    if not saved.is_whole:
        return _page(issue, saved), 409
    done = _pressed(issue, staff)
    versions.keep(session, issue, issue.changed_by, now())
    _have_looked_at(issue)
    for message in done.messages:
        flash(message, "ok")
    where: dict[str, Any] = {"find": request.form.get("find"), "gone": done.gone, "at": done.block}
    anchor = done.anchor or (f"block-{done.block}" if done.block else None)
    given = {name: value for name, value in where.items() if value}
    return redirect(url_for("desk.edit", issue_id=issue.id, _anchor=anchor, **given), 303)


@blueprint.get("/issues/<int:issue_id>/cases")
@web.staff_only(*web.EDITORS)
def cases(issue_id: int) -> ResponseReturnValue:
    """The cases found, as a part of the page."""
    issue = issue_or_404(issue_id)
    found = cases_to_offer(web.session(), issue, request.args.get("find", ""))
    return render_template("desk/_found.html", issue=issue, found=found)


@blueprint.get("/issues/<int:issue_id>/checks")
@web.staff_only(*web.EDITORS)
def checks(issue_id: int) -> ResponseReturnValue:
    """What it means and what was found, as a part of the page."""
    session, issue = web.session(), issue_or_404(issue_id)
    over = sending.overview(session, web.services(), issue, now())
    return render_template("desk/_meaning.html", issue=issue, over=over)


@blueprint.get("/issues/<int:issue_id>/without-ask")
@web.staff_only(*web.EDITORS)
def without_ask(issue_id: int) -> ResponseReturnValue:
    """The members who would get the issue and no ask."""
    session, issue = web.session(), issue_or_404(issue_id)
    here = recipients(issue).where(offers_key(issue) == "")
    ids = here.with_only_columns(Member.id)
    page = web.page_number()
    listed = select(Member).where(Member.id.in_(ids)).order_by(Member.name, Member.id)
    members = list(session.scalars(listed.offset((page - 1) * A_PAGE).limit(A_PAGE + 1)))
    return render_template(
        "desk/without_ask.html",
        issue=issue,
        members=members[:A_PAGE],
        page=page,
        more=len(members) > A_PAGE,
    )


def _pressed(issue: Issue, staff: Staff) -> Done:
    """What the button did. Where it cannot do it any more it says why, and the words stay saved."""
    session = web.session()
    try:
        with session.begin_nested():
            return acting.act(session, issue, request.form, staff, now())
    except DocketError as error:
        flash(str(error), "wait")
        return Done()


def _page(issue: Issue, saved: Saved) -> str:
    session = web.session()
    over = sending.overview(session, web.services(), issue, now())
    asks = grid.grid(issue, over.reach.by_sector)
    return render_template(
        "desk/edit.html",
        issue=issue,
        over=over,
        asks=asks,
        catalogue={column.sector: for_sector(session, column.sector) for column in asks.columns},
        form=WordsForm(formdata=None, obj=issue),
        found=cases_to_offer(session, issue, request.args.get("find", "")),
        saved=saved,
        clashes={clash.field: clash for clash in saved.clashes},
        fields_of=blocks.fields_of,
        names=blocks.NAMES,
        added=ADDED,
        pictures=usable(session, issue.network),
        personas=PERSONAS,
        members=first_members(session, issue),
        who=_who(issue),
        themes=THEMES,
        gone=_gone(issue),
        day_of=date.fromisoformat,
        notes=notes.open_notes(session, issue),
        approval=approving.standing(session, issue),
        new=request.args.get("at", type=int),
    )


def _have_looked_at(issue: Issue) -> None:
    """What the draft leads to: not now, a worker does."""
    whole, settings = content_of(issue, issue.offers), web.services().settings
    watching.want_of(web.session(), settings, whole, issue.network, now())


def _gone(issue: Issue) -> object:
    """The block that was just taken out, to be put back."""
    wanted = request.args.get("gone", type=int)
    return next((b for b in issue.every_block if b.id == wanted and b.removed_at), None)


def _who(issue: Issue) -> str:
    members = first_members(web.session(), issue, limit=1)
    return str(members[0].id) if members else next(iter(PERSONAS))


def _changes() -> Iterator[Change]:
    for name, was in request.form.items():
        field = name.removeprefix(WAS)
        if name.startswith(WAS) and field in request.form:
            yield Change(field, _lines(was), _lines(request.form[field]))


def _lines(text: str) -> str:
    """Browsers send CRLF; the words themselves hold plain line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _told(issue: Issue, saved: Saved) -> dict[str, Any]:
    """What the page is told that saves itself."""
    return {
        "saved": clock(issue.updated_at),
        "changed": saved.changed,
        "merged": saved.merged,
        "clashes": [vars(clash) for clash in saved.clashes],
        "gone": saved.gone,
        "problems": saved.problems,
        "preview": _preview(issue, request.form.get("seen_by", "")),
    }


def _preview(issue: Issue, who: str) -> dict[str, str] | None:
    if not who:
        return None
    web.session().flush()  # what is composed is what was saved
    try:
        shown = preview_as(web.session(), web.services(), issue, who, now())
    except (CompositionError, NotFound) as error:  # who was chosen may have left meanwhile
        return {"problem": str(error)}
    theme = request.form.get("theme", "")
    return {
        "subject": shown.subject,
        "line": issue.preview,
        "html": dressed(shown.html, theme),
        "text": shown.text,
    }
