"""The answer page before Flask: what is plain about it, in a tenth of the time.

A mail brings hundreds to this page within minutes. An ask that stands open, looked at or answered
by one of its buttons, is answered here: one statement to look, four to record, and a page that was
drawn before. All else (a page not drawn yet, details, an ask that is over, a link that is broken, a
limit that is reached, a database that is away) goes on to Flask's view, which knows all of it. It
may do again what was done here: looking twice is looking, and the same tap twice is one response.

What is noted here as well is that the page for leaving was opened: see judging.py.
"""

import io
import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask
from limits import parse_many

from app import speaking, web
from app.clock import now
from app.direct import Connection
from app.extensions import limiter
from app.links import Forged, Mangled, Purpose
from app.responses import answering, drawing
from app.responses.answering import Asked, Ids, Said, Standing, Taken
from app.responses.drawing import Pages
from app.responses.judging import LEAVING, Tap
from app.responses.models import Answer
from app.responses.visiting import Visits
from app.services import Services
from app.translating import spoken

log = logging.getLogger(__name__)
Environ = dict[str, Any]
ENDPOINT = "responses.answer"
PREFIX, LEAVING_PREFIX = "/r/", "/u/"
CAME_AT = "docket.came_at"  # when a request came: it may wait here before the view judges it
FORM = "application/x-www-form-urlencoded"
ANSWERS = frozenset(Answer)
LONGEST_FORM = 1000  # bytes of a form that holds an answer and a seal alone


class AnswerPage:
    """WSGI (PEP 3333) in front of an application's own."""

    def __init__(self, app: Flask) -> None:
        services: Services = app.extensions["docket"]
        self._flask = app.wsgi_app
        self._links, self._direct = services.links, services.database.direct
        self._lifetime = timedelta(days=services.settings.link_lifetime_days)
        self._timezone = services.settings.default_timezone
        self._limits = Limits(services.settings.public_limit)
        self._headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Cache-Control", "no-store"),
            *web.security_headers(secure=services.settings.secure),
        ]
        self._pages = app.extensions["docket.pages"] = Pages()
        self._visits = app.extensions["docket.visits"] = Visits(services.database)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(LEAVING_PREFIX):
            self._note_leaving(environ, path[len(LEAVING_PREFIX) :])
        elif path.startswith(PREFIX):
            environ[CAME_AT] = now()
            counted = self._limits.count(environ)
            page = None if counted is None else self._page(environ)
            if page is not None:
                length = ("Content-Length", str(len(page)))
                start_response("200 OK", [length, *self._headers, *(counted or ())])
                return [page]
            self._limits.uncount(environ)
        return self._flask(environ, start_response)

    def _page(self, environ: Environ) -> bytes | None:
        """None: let Flask's view see to it."""
        form = _button(environ) if environ["REQUEST_METHOD"] == "POST" else None
        if form is None and environ["REQUEST_METHOD"] != "GET":
            return None
        token = environ["PATH_INFO"][len(PREFIX) :]
        try:
            delivery_id, offer_id = self._links.read(Purpose.ANSWER, token)
            ids = (delivery_id, offer_id)
            if form is not None:
                answer, seal = form
                tap = Tap(self._links.read_seal(token, seal), environ[CAME_AT])
                return self._record(environ, token, ids, answer, tap)
            return self._show(environ, token, ids)
        except (Mangled, Forged):
            return None
        except Exception as error:  # the view finds the same, or a connection that is well
            log.warning("an answer page went on to its view: %s", type(error).__name__)
            return None

    def _show(self, environ: Environ, token: str, ids: Ids) -> bytes | None:
        with self._direct.reading() as connection:
            asked = answering.find(connection, ids, self._lifetime, now())
            if asked is None or asked.standing is not Standing.OPEN:
                return None
            page = self._drawn(environ, token, asked, asked.held, "")
        if not asked.visited and not is_prefetch(environ):
            self._visits.note(ids, now())
        return page

    def _record(
        self, environ: Environ, token: str, ids: Ids, answer: Answer, tap: Tap
    ) -> bytes | None:
        taken = self._direct.write(partial(self._take, ids, answer, tap))
        if taken is None:
            return None
        asked, (held, suspect) = taken
        mode = drawing.mode_after(answer, suspect)
        return self._drawn(environ, token, asked, held, mode, answer)

    def _take(
        self, ids: Ids, answer: Answer, tap: Tap, connection: Connection
    ) -> tuple[Asked, Taken] | None:
        answering.lock(connection, ids)
        asked = answering.find(connection, ids, self._lifetime, tap.at)
        if asked is None or asked.standing is not Standing.OPEN:
            return None
        return asked, answering.take(connection, asked, answer, tap)

    def _drawn(
        self,
        environ: Environ,
        token: str,
        asked: Asked,
        held: Said | None,
        mode: str,
        wanted: Answer | None = None,
    ) -> bytes | None:
        accepted = environ.get("HTTP_ACCEPT_LANGUAGE", "")
        language = spoken(asked.language) or speaking.accepted(accepted)
        sight = drawing.sight(asked, held, mode, wanted, language=language, timezone=self._timezone)
        return self._pages.get(sight, drawing.own(self._links, token, asked.ids, mode))

    def _note_leaving(self, environ: Environ, token: str) -> None:
        """Flask's view shows the page; this keeps it waiting for nothing, and fails in silence."""
        if environ["REQUEST_METHOD"] != "GET" or is_prefetch(environ):
            return
        try:
            (delivery_id,) = self._links.read(Purpose.UNSUBSCRIBE, token)
        except (Mangled, Forged):
            return
        try:
            self._visits.note((delivery_id, LEAVING), now())
        except Exception as error:
            log.warning("a visit was not noted: %s", type(error).__name__)


class Limits:
    """Counts requests as Flask-Limiter counts those of the view, in the same windows."""

    def __init__(self, limits: str) -> None:
        self._limits = parse_many(limits)
        self._of = lru_cache(1000)(self._windows)

    def count(self, environ: Environ) -> list[tuple[str, str]] | None:
        """The headers that say how many are left; None when there are none."""
        storage = limiter.storage
        left, most, key = min(
            (most - storage.incr(key, expiry), most, key)
            for key, most, expiry in self._of(environ.get("REMOTE_ADDR"))
        )
        if left < 0:
            return None
        reset = storage.get_expiry(key) + 1
        return [
            ("X-RateLimit-Limit", str(most)),
            ("X-RateLimit-Remaining", str(left)),
            ("X-RateLimit-Reset", str(int(reset))),
            ("Retry-After", str(int(int(reset) - time.time()))),
        ]

    def uncount(self, environ: Environ) -> None:
        """Flask-Limiter counts by itself what goes on to the view."""
        for key, _most, expiry in self._of(environ.get("REMOTE_ADDR")):
            limiter.storage.incr(key, expiry, -1)

    def _windows(self, address: str | None) -> list[tuple[str, int, int]]:
        """(key, most, seconds) of each limit."""
        return [
            (limit.key_for(address or "127.0.0.1", ENDPOINT), limit.amount, limit.get_expiry())
            for limit in self._limits
        ]


def is_prefetch(environ: Environ) -> bool:
    """A browser or a proxy asked by itself, before anybody looked."""
    headers = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ")
    return any("prefetch" in environ.get(name, "").lower() for name in headers)


def _button(environ: Environ) -> tuple[Answer, str] | None:
    """(answer, seal) of a form that one of the buttons alone has sent; None for any other body,
    which can be read again. The body is here before a turn is taken: a slow line holds up none."""
    length = environ.get("CONTENT_LENGTH", "")
    if not (length.isdigit() and int(length) <= LONGEST_FORM):
        return None
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != FORM:
        return None
    if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in ("same-origin", "none"):
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    values = dict(fields)
    if len(fields) != 2 or values.keys() != {"answer", "seal"} or values["answer"] not in ANSWERS:
        return None
    return Answer(values["answer"]), values["seal"]
