"""What every route leans on: the request's session, who may come in, and the headers.

A request is one transaction: what a view returns is committed, what it raises is rolled back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar, cast

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    request,
    url_for,
)
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.routing import BaseConverter, IntegerConverter, Map

from app.direct import Connection
from app.links import Forged, Mangled, Purpose
from app.services import Services
from app.staff import access
from app.staff.models import Role, Staff

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

# Endpoints that libraries register: files without a secret in them.
STATIC_ENDPOINTS = frozenset({"static", "htmx"})
FOR_EVER = "public, max-age=31536000, immutable"
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
# A mail shown to staff: its own styles and nothing that runs, submits or navigates.
MAIL_POLICY = POLICY | {
    "script-src": "'none'",
    "style-src": "'unsafe-inline'",
    "img-src": "'self' data: https:",
    "form-action": "'none'",
    "frame-ancestors": "'self'",
    "sandbox": "allow-popups allow-popups-to-escape-sandbox",
}
OUR_MAIL_POLICY = MAIL_POLICY | {"sandbox": f"{MAIL_POLICY['sandbox']} allow-same-origin"}


@dataclass(frozen=True)
class Access:
    """Who may call a view. `roles` is None where no sign-in is asked for."""

    roles: frozenset[Role] | None


def public(view: View) -> View:
    """Anybody may call it; it shows nobody's name."""
    view.access = Access(None)  # type: ignore[attr-defined]
    return view


def takes_bytes(view: View) -> View:
    """It reads the body itself, whatever is in it: a form's texts need not be text."""
    view.takes_bytes = True  # type: ignore[attr-defined]
    return view


def kept_for_ever(view: View) -> View:
    """What it shows at an address never changes: whoever asked may keep it."""
    view.kept_for_ever = True  # type: ignore[attr-defined]
    return view


def staff_only(*roles: Role) -> Callable[[View], View]:
    """Only staff signed in with one of `roles`; admins always may."""

    def mark(view: View) -> View:
        view.access = Access(frozenset(roles) | {Role.ADMIN})  # type: ignore[attr-defined]
        return view

    return mark


class TokenConverter(BaseConverter):
    """`<token:…>`: the rest of the path, line breaks too, since mail programs put some in."""

    regex = r"(?s:.+)"
    part_isolating = False


class SmallConverter(IntegerConverter):
    """`<int:…>`: an id, as large as a database may hold."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**31 - 1)


EDITORS = (Role.COORDINATOR,)
READERS = (Role.COORDINATOR, Role.REVIEWER)


def services() -> Services:
    return cast(Services, current_app.extensions["docket"])


def session() -> Session:
    """The request's own session: reading for GET and HEAD, writing otherwise."""
    if "session" not in g:
        g.session = services().database.open(readonly=request.method in ("GET", "HEAD"))
    return cast(Session, g.session)


def current_staff() -> Staff:
    """The member of staff who is signed in; only for views marked `staff_only`."""
    return cast(Staff, current_user._get_current_object())


def driver() -> Connection:
    """The driver's connection within the request's own transaction, for statements of
    app.direct's."""
    return session().connection().connection.driver_connection


def is_theirs(network_id: int) -> bool:
    """Whether what belongs to this network is for the member of staff who is signed in."""
    return access.is_theirs(session(), current_staff(), network_id)


def use_policy(response: Response, policy: dict[str, str]) -> Response:
    """Give one answer a Content-Security-Policy of its own."""
    response.headers["Content-Security-Policy"] = _policy_text(policy)
    return response


def framed_mail(html: str, *, by_us: bool = False) -> Response:
    """A mail for a frame on a staff page: its links open in a window of their own, since pages of
    ours refuse to be framed. `by_us`: the page around one that we wrote may look into it."""
    response = make_response(html.replace("<head>", '<head><base target="_blank">', 1))
    return use_policy(response, OUR_MAIL_POLICY if by_us else MAIL_POLICY)


def abandon() -> None:
    """Roll back what the request did: its answer will be an error page."""
    if "session" in g:
        g.session.rollback()


def set_up(app: Flask) -> None:
    app.url_map.converters["token"] = TokenConverter
    app.url_map.converters["int"] = SmallConverter
    app.before_request(_read_body)
    app.before_request(_check_access)
    app.after_request(_commit)
    app.after_request(_secure_headers)
    app.teardown_request(_close)


def unmarked_endpoints(app: Flask) -> Iterable[str]:
    """Views that do not say who may call them; the factory refuses to start with one."""
    for endpoint, view in app.view_functions.items():
        if endpoint not in STATIC_ENDPOINTS and not hasattr(view, "access"):
            yield endpoint


def _read_body() -> None:
    """All of it, before a transaction begins: a slow line must not hold up everybody's writes."""
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "takes_bytes", False):
        request.get_data()
    elif request.method == "POST":
        texts = (*request.form.values(), *(file.filename or "" for file in request.files.values()))
        if any("\0" in text for text in texts):  # which PostgreSQL cannot keep
            abort(400)


def page_number() -> int:
    """Of a list that is shown in pages, from 1."""
    return min(max(1, request.args.get("page", 1, type=int)), 1_000_000)


class BrokenLink(Exception):
    """What a signed link leads to cannot be shown: the template `page` is told `why`."""

    def __init__(self, page: str, why: str, status: int) -> None:
        super().__init__(why)
        self.page, self.why, self.status = page, why, status


def ids_behind(token: str, purpose: Purpose, page: str) -> tuple[int, ...]:
    """What a link names. BrokenLink, with `page`, when it was mangled or is not ours."""
    try:
        return services().links.read(purpose, token)
    except Mangled:
        raise BrokenLink(page, "mangled", 400) from None
    except Forged:
        raise BrokenLink(page, "forged", 404) from None


def refuse_other_sites(page: str) -> None:
    """BrokenLink for a post that another site's page sent (W3C Fetch Metadata); who says nothing
    is believed."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise BrokenLink(page, "elsewhere", 403)


def _check_access() -> ResponseReturnValue | None:
    if request.endpoint is None or request.endpoint in STATIC_ENDPOINTS:
        return None
    allowed: Access = getattr(current_app.view_functions[request.endpoint], "access")  # noqa: B009
    if allowed.roles is None:
        return None
    if not current_user.is_authenticated:
        if request.method == "GET" and "HX-Request" in request.headers:
            # A part of a page is asked for: the whole of it has to ask for a sign-in.
            return "", 204, {"HX-Refresh": "true"}
        if request.method == "GET":
            return redirect(url_for("staff.sign_in", next=request.full_path.rstrip("?")))
        abort(401)
    if current_staff().role not in allowed.roles:
        abort(403)
    return None


def _commit(response: Response) -> Response:
    if "session" in g:
        g.session.commit()
    return response


def _secure_headers(response: Response) -> Response:
    for name, value in security_headers(secure=services().settings.secure):
        response.headers.setdefault(name, value)
    if request.endpoint not in STATIC_ENDPOINTS:
        response.headers["Cache-Control"] = _how_long_kept(response)
    return response


def _how_long_kept(response: Response) -> str:
    view = current_app.view_functions.get(request.endpoint or "")
    if response.status_code != 200 or not getattr(view, "kept_for_ever", False):
        return "no-store"
    cookie.accessed = False  # Flask-Login looked; yet the answer is everybody's: no Vary: Cookie
    return FOR_EVER


@cache
def security_headers(*, secure: bool) -> tuple[tuple[str, str], ...]:
    """What every answer of ours carries, unless it says otherwise itself."""
    headers = (
        ("Content-Security-Policy", _policy_text(POLICY)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Robots-Tag", "noindex, nofollow"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    )
    return (*headers, ("Strict-Transport-Security", "max-age=31536000")) if secure else headers


def _close(_error: BaseException | None) -> None:
    held = g.pop("session", None)
    if held is not None:
        held.close()


def _policy_text(policy: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in policy.items())
