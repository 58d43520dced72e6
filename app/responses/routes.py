"""The page behind an ask's link: it shows what was asked; only its form, posted, records.

No script, no cookie, nobody's name: whoever holds a forwarded mail sees this page too. What is
plain about it is answered before Flask is asked (wsgi_routes.py); this is the whole of it.
"""

from datetime import datetime, timedelta
from typing import cast

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from app import speaking, web
from app.clock import now
from app.extensions import limiter, without_csrf
from app.links import Purpose
from app.responses import answering, drawing
from app.responses.answering import Asked, Details, Ids, Said, Standing
from app.responses.drawing import Own, Pages, Sight
from app.responses.forms import AnswerForm
from app.responses.judging import Tap
from app.responses.models import Answer
from app.responses.visiting import Visits
from app.responses.wsgi_routes import CAME_AT, is_prefetch

blueprint = Blueprint("responses", __name__)
BROKEN = "responses/broken.html"
STATUS = {Standing.EXPIRED: 410, Standing.STOPPED: 409, Standing.WITHDRAWN: 409}


@blueprint.route("/r/<token:token>", methods=["GET", "POST"])
@blueprint.route("/R/<token:token>", methods=["GET", "POST"])  # some mail systems shout
@web.public
@without_csrf  # the signed link and the form's seal are its tokens; members have no cookie
@limiter.limit(lambda: web.services().settings.public_limit)
def answer(token: str) -> ResponseReturnValue:
    delivery_id, offer_id = web.ids_behind(token, Purpose.ANSWER, BROKEN)
    asked = _find((delivery_id, offer_id))
    if asked is None:
        return render_template(BROKEN, why="gone"), 410
    if asked.standing is not Standing.OPEN:
        page = render_template("responses/over.html", standing=asked.standing)
        return page, STATUS[asked.standing]
    return _record(asked, token) if request.method == "POST" else _show(asked, token)


def _find(ids: Ids) -> Asked | None:
    if request.method == "POST":
        answering.lock(web.driver(), ids)
    lifetime = timedelta(days=web.services().settings.link_lifetime_days)
    asked = answering.find(web.driver(), ids, lifetime, now())
    speaking.speak(asked.language if asked else "")
    return asked


def _show(asked: Asked, token: str) -> ResponseReturnValue:
    if request.method == "GET" and not asked.visited and not is_prefetch(request.environ):
        visits = cast(Visits, current_app.extensions["docket.visits"])
        visits.note(asked.ids, now())
    return _page(asked.ids, _sight(asked, asked.held, ""), token)


def _record(asked: Asked, token: str) -> ResponseReturnValue:
    web.refuse_other_sites(BROKEN)
    form = AnswerForm()
    if not form.validate():
        sight = _sight(asked, asked.held, "")
        return drawing.draw(sight, _own(asked.ids, token, ""), wrong=form), 422
    answer, details = Answer(form.answer.data or ""), form.details()
    tap = Tap(web.services().links.read_seal(token, request.form.get("seal", "")), _came_at())
    taken = answering.take(
        web.driver(), asked, answer, tap, details, detailed="detailed" in request.form
    )
    mode = drawing.mode_after(answer, taken.suspect)
    sight = _sight(asked, taken.held, mode, answer)
    if taken.suspect is not None and details != Details():
        # It is for this person alone.
        return drawing.draw(sight, _own(asked.ids, token, mode), kept=details)
    return _page(asked.ids, sight, token)


def _came_at() -> datetime:
    """When it came to us: it may have waited since, which makes no robot slow."""
    came_at: datetime = request.environ.get(CAME_AT) or now()
    return came_at


def _sight(asked: Asked, held: Said | None, mode: str, answer: Answer | None = None) -> Sight:
    zone = web.services().settings.default_timezone
    return drawing.sight(asked, held, mode, answer, language=speaking.language(), timezone=zone)


def _page(ids: Ids, sight: Sight, token: str) -> bytes:
    pages = cast(Pages, current_app.extensions["docket.pages"])
    return pages.draw(sight, _own(ids, token, sight.mode))


def _own(ids: Ids, token: str, mode: str) -> Own:
    return drawing.own(web.services().links, token, ids, mode)
