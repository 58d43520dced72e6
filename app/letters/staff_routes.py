"""Letters as staff see them: which there are, what they say, and whether they are evidence.

What a letter says is shown to a POST alone, so that no look at it goes without its audit entry and
no program that opens links in advance looks at all.
"""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.clock import now
from app.delivery.models import Delivery
from app.errors import NotFound
from app.letters import keeping, listing, reading, uploads, verifying
from app.letters.forms import KINDS, STATES, TYPES, CheckForm
from app.letters.models import Letter, LetterKind, LetterState
from app.letters.reading import Words
from app.responses.answering import Source
from app.responses.models import Channel
from app.staff import audit
from app.staff.access import networks_of
from app.staff.models import Staff

blueprint = Blueprint("letters", __name__)
uploads.bound(blueprint)
# A file that came from outside: whatever a browser makes of it, nothing in it runs.
DOWNLOAD_POLICY = {"default-src": "'none'", "sandbox": ""}


@blueprint.get("/letters/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    """Those of one network or of all that are theirs, what nobody has checked first."""
    session = web.session()
    networks = networks_of(session, web.current_staff())
    chosen, state = request.args.get("network", ""), request.args.get("state", "")
    ids = [network.id for network in networks if chosen in ("", network.code)]
    counts = listing.counts(session, ids)
    total = counts[LetterState(state)] if state in STATES else sum(counts.values())
    page = web.page_number()
    return render_template(
        "letters/index.html",
        letters=listing.of_networks(session, ids, state if state in STATES else "", page),
        counts=counts,
        total=total,
        networks=networks,
        chosen=chosen,
        state=state if state in STATES else "",
        page=page,
        pages=max(1, -(-total // listing.PAGE)),
        **_words(),
    )


@blueprint.get("/letters/<int:letter_id>")
@web.staff_only(*web.EDITORS)
def show(letter_id: int) -> ResponseReturnValue:
    return _page(_letter(letter_id))


@blueprint.post("/letters/<int:letter_id>")
@web.staff_only(*web.EDITORS)
def read(letter_id: int) -> ResponseReturnValue:
    """Its words as plain text, where it has some."""
    letter = _letter(letter_id)
    found = reading.words(_content(letter, "page"), letter.media_type)
    if found is None:
        raise NotFound(_("This file cannot be shown on a page. Download it."))
    return _page(letter, found)


@blueprint.post("/letters/<int:letter_id>/download")
@web.staff_only(*web.EDITORS)
def download(letter_id: int) -> ResponseReturnValue:
    letter = _letter(letter_id)
    answer = Response(_content(letter, "download"), content_type="application/octet-stream")
    stem, _dot, suffix = letter.name.rpartition(".")
    name = f"{stem}-{letter.id}.{suffix}"
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return web.use_policy(answer, DOWNLOAD_POLICY)


@blueprint.post("/letters/<int:letter_id>/check")
@web.staff_only(*web.EDITORS)
def check(letter_id: int) -> ResponseReturnValue:
    """Verified or rejected, by the button that was pressed."""
    letter, form = _letter(letter_id), CheckForm()
    if not form.validate():
        return _page(letter, form=form), form.http_status
    is_real = request.form.get("do") == "verify"
    say = verifying.verify if is_real else verifying.reject
    say(web.session(), letter, web.current_staff(), form.remark.data or "", now())
    flash(_("Verified.") if is_real else _("Rejected: it counts as no evidence."), "ok")
    return redirect(url_for("letters.show", letter_id=letter.id))


@blueprint.post("/issues/<int:issue_id>/responses/<int:delivery_id>/<int:offer_id>/letter")
@web.staff_only(*web.EDITORS)
def add(issue_id: int, delivery_id: int, offer_id: int) -> ResponseReturnValue:
    """A copy or a reply that came by post or by hand."""
    _require_theirs(issue_id, delivery_id)
    web.abandon()  # a picture takes its time: nobody waits for this transaction meanwhile
    file, kind = uploads.checked(uploads.upload()), uploads.kind(LetterKind.ADDRESSEE)
    staff = web.current_staff()
    settings, source = web.services().settings, Source(Channel.STAFF, staff.id)
    ids, vault, at = (delivery_id, offer_id), web.services().vault, now()
    letter = keeping.keep_upload(
        web.session(), vault, ids, kind, file, settings.letter_days, at, source
    )
    if letter.received_at == at:
        audit.record(web.session(), "letter.added", letter, staff, kind=letter.kind)
        flash(_("Kept."), "ok")
    else:
        flash(_("This file was here already."), "info")
    return redirect(url_for("reviewing.show", issue_id=issue_id, delivery_id=delivery_id))


def _page(letter: Letter, found: Words | None = None, form: CheckForm | None = None) -> str:
    checker = web.session().get(Staff, letter.checked_by) if letter.checked_by else None
    return render_template(
        "letters/show.html",
        letter=letter,
        is_kept=letter.expires_at > now(),
        readable=letter.media_type in reading.READABLE,
        found=found,
        checker=checker,
        form=form or CheckForm(formdata=None, remark=letter.remark),
        **_words(),
    )


def _content(letter: Letter, where: str) -> bytes:
    found = keeping.content(web.services().vault, letter, now())
    audit.record(web.session(), "letter.read", letter, web.current_staff(), where=where)
    return found


def _letter(letter_id: int) -> Letter:
    letter = web.session().get(Letter, letter_id)
    if letter is None or not web.is_theirs(listing.network_of(web.session(), letter)):
        raise NotFound(_("There is no such letter, or it belongs to a network that is not yours."))
    return letter


def _require_theirs(issue_id: int, delivery_id: int) -> None:
    delivery = web.session().get(Delivery, delivery_id)
    if (
        delivery is None
        or delivery.issue_id != issue_id
        or not web.is_theirs(delivery.issue.network_id)
    ):
        raise NotFound(_("This issue did not go to such a member."))


def _words() -> dict[str, object]:
    return {"kinds": KINDS, "states": STATES, "types": TYPES}
