"""Where a member gives a copy of a letter, or an addressee's reply, by the link of an ask.

As on the answer page: no script, no cookie, nobody's name; only the form, posted, keeps anything.
"""

from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import speaking, web
from app.clock import now
from app.errors import DocketError
from app.extensions import limiter, without_csrf
from app.issues.composing import COPIED
from app.letters import files, keeping, uploads
from app.letters.models import Letter, LetterKind
from app.links import FormSeal, Purpose, mend
from app.responses import answering
from app.responses.answering import Asked, Ids, Standing
from app.responses.judging import Tap
from app.responses.models import Answer

blueprint = Blueprint("giving", __name__)
BROKEN = "responses/broken.html"


uploads.bound(blueprint)


@blueprint.app_context_processor
def limits() -> dict[str, object]:
    """For the fields that take a letter, on whichever page."""
    limit = web.services().settings.letter_limit_mb
    return {"accepted_files": files.ACCEPTED, "letter_limit_mb": limit}


@blueprint.route("/letter/<token:token>", methods=["GET", "POST"])
@web.public
@without_csrf  # the signed link and the form's seal are its tokens; members have no cookie
@limiter.limit(lambda: web.services().settings.public_limit)
def give(token: str) -> ResponseReturnValue:
    delivery_id, offer_id = web.ids_behind(token, Purpose.ANSWER, BROKEN)
    ids = (delivery_id, offer_id)
    return _take(ids, token) if request.method == "POST" else _show(ids, token)


def _show(ids: Ids, token: str) -> ResponseReturnValue:
    asked = _find(ids)
    if asked is None or asked.standing is Standing.EXPIRED:
        return _over(asked)
    return _page(ids, token, asked)


def _take(ids: Ids, token: str) -> ResponseReturnValue:
    web.refuse_other_sites(BROKEN)
    form = web.services().links.read_seal(token, request.form.get("seal", ""))
    if form is None:
        return _page(ids, token, problem=_again()), 422
    try:
        # A picture takes its time: no transaction is open yet.
        file = uploads.checked(uploads.upload())
        return _keep(ids, token, file, form)
    except DocketError as refused:
        web.abandon()
        return _page(ids, token, problem=str(refused)), refused.status


def _keep(ids: Ids, token: str, file: files.File, form: FormSeal) -> ResponseReturnValue:
    answering.lock(web.driver(), ids)
    asked = _find(ids)
    if asked is None or asked.standing is Standing.EXPIRED:
        return _over(asked)
    if asked.held is None or asked.held.answer not in keeping.DID:
        taken = answering.take(web.driver(), asked, Answer.DONE, Tap(form, now()))
        if taken.suspect is not None:
            return _page(ids, token, asked, problem=_again(), follows=True)
    settings, kind = web.services().settings, uploads.kind(LetterKind.LETTER)
    vault = web.services().vault
    kept = keeping.keep_upload(web.session(), vault, ids, kind, file, settings.letter_days, now())
    return _page(ids, token, asked, kept=kept)


def _find(ids: Ids) -> Asked | None:
    lifetime = timedelta(days=web.services().settings.link_lifetime_days)
    asked = answering.find(web.driver(), ids, lifetime, now())
    speaking.speak(asked.language if asked else "")
    return asked


def _page(
    ids: Ids,
    token: str,
    asked: Asked | None = None,
    kept: Letter | None = None,
    problem: str = "",
    *,
    follows: bool = False,
) -> str:
    """`follows`: it answers a form that was judged, and found suspect."""
    settings, links = web.services().settings, web.services().links
    copied = settings.takes_mail and asked is not None and asked.content.kind in COPIED
    is_open = asked is not None and asked.standing is Standing.OPEN
    return render_template(
        "letters/give.html",
        asked=asked,
        kept=kept,
        problem=problem,
        token=mend(token),
        seal=links.seal(token, follows=follows),
        copy=links.address(Purpose.COPY, *ids) if copied and is_open else "",
        settings=settings,
    )


def _over(asked: Asked | None) -> ResponseReturnValue:
    if asked is None:
        return render_template(BROKEN, why="gone"), 410
    return render_template("responses/over.html", standing=asked.standing), 410


def _again() -> str:
    return str(
        _(
            "Programs that check mail open this page too, and some send its forms. Choose the file "
            "once more, and send it again."
        )
    )
