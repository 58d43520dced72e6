"""The page behind an ask's link: it shows what was asked; only its form, posted, records.

No script, no cookie, nobody's name: whoever holds a forwarded mail sees this page too.
"""

from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError

from app import web
from app.clock import now
from app.extensions import limiter, without_csrf
from app.links import Forged, Mangled, Purpose
from app.responses import answering
from app.responses.answering import Asked, Details, Standing
from app.responses.forms import AnswerForm
from app.responses.models import Answer, Response
from newsletters import markdown
from newsletters.words import act

blueprint = Blueprint("responses", __name__)
STATUS = {Standing.EXPIRED: 410, Standing.STOPPED: 409, Standing.WITHDRAWN: 409}


@blueprint.route("/r/<token:token>", methods=["GET", "POST"])
@blueprint.route("/R/<token:token>", methods=["GET", "POST"])  # some mail systems shout
@web.public
@without_csrf  # the signed link and the form's seal are its tokens; members have no cookie
@limiter.limit(lambda: web.services().settings.public_limit)
def answer(token: str) -> ResponseReturnValue:
    try:
        delivery_id, offer_id = web.services().links.read(Purpose.ANSWER, token)
    except Mangled:
        return render_template("responses/broken.html", why="mangled"), 400
    except Forged:
        return render_template("responses/broken.html", why="forged"), 404
    lifetime = timedelta(days=web.services().settings.link_lifetime_days)
    asked = answering.find(web.session(), delivery_id, offer_id, lifetime, now())
    if asked is None:
        return render_template("responses/broken.html", why="gone"), 410
    if asked.standing is not Standing.OPEN:
        page = render_template("responses/over.html", asked=asked, standing=asked.standing)
        return page, STATUS[asked.standing]
    return _record(asked, token) if request.method == "POST" else _show(asked, token)


def _show(asked: Asked, token: str) -> ResponseReturnValue:
    if request.method == "GET" and not _is_prefetch():
        _note_visit(asked)
    held = answering.current(web.session(), asked)
    return _page(asked, token, held, AnswerForm(formdata=None))


def _record(asked: Asked, token: str) -> ResponseReturnValue:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return render_template("responses/broken.html", why="elsewhere"), 403
    form = AnswerForm()
    if not form.validate():
        held = answering.current(web.session(), asked)
        return _page(asked, token, held, form, wrong=True), 422
    said, details = Answer(form.answer.data or ""), form.details()
    if web.services().links.read_seal(token, request.form.get("seal", "")) is None:
        answering.record(web.session(), asked, said, details, now(), suspect=answering.WITHOUT_FORM)
        return _page(asked, token, None, AnswerForm(formdata=None), again=True)
    if said is Answer.UNDONE:
        return _undo(asked, token)
    held = answering.current(web.session(), asked)
    recorded = answering.record(web.session(), asked, said, _kept(held, said, details), now())
    form = AnswerForm(formdata=None, obj=recorded)
    form.note.data = ""  # a forwarded mail leads here too
    return _page(asked, token, recorded, form, fresh=True)


def _undo(asked: Asked, token: str) -> ResponseReturnValue:
    if answering.current(web.session(), asked) is not None:
        answering.record(web.session(), asked, Answer.UNDONE, Details(), now())
    return _page(asked, token, None, AnswerForm(formdata=None), undone=True)


def _kept(held: Response | None, said: Answer, details: Details) -> Details:
    """The large button pressed again says nothing new: it must not erase details given before."""
    if held is None or held.answer != said:
        return details
    if details != Details() or "detailed" in request.form:
        return replace(details, note=details.note or held.note)  # the form does not show it again
    names = ("letters", "how", "acted_on", "promised_for", "reply_came", "note")
    return replace(details, **{name: getattr(held, name) for name in names})


def _page(
    asked: Asked,
    token: str,
    held: Response | None,
    form: AnswerForm,
    *,
    fresh: bool = False,
    undone: bool = False,
    again: bool = False,
    wrong: bool = False,
) -> str:
    ask = asked.offer.ask
    return render_template(
        "responses/answer.html",
        asked=asked,
        ask=ask,
        case=ask.case,
        held=held,
        form=form,
        seal=web.services().links.seal(token),
        choices=choices(ask.kind, ask.button),
        markdown=markdown.to_html,
        fresh=fresh,
        undone=undone,
        again=again,
        wrong=wrong,
    )


def choices(kind: str, button: str) -> list[tuple[str, str]]:
    """(value, words) of the five answers, the ask's own words for the first."""
    return [
        (Answer.DONE, act(kind, button, _)),
        (Answer.WILL_DO, _("I will do it")),
        (Answer.COULD_NOT, _("I tried, and it did not work")),
        (Answer.CANNOT, _("I cannot do this one")),
        (Answer.ALREADY, _("I had done it before you asked")),
    ]


def _is_prefetch() -> bool:
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any("prefetch" in purpose.lower() for purpose in purposes)


def _note_visit(asked: Asked) -> None:
    """In a transaction of its own; a database that is busy must not keep the page from a member."""
    if answering.was_visited(web.session(), asked):
        return
    try:
        with web.services().database.writing() as session:
            answering.note_visit(session, asked, now())
    except OperationalError as error:
        current_app.logger.warning("a visit was not noted: %s", type(error).__name__)
