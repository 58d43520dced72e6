"""The frame around the staff pages: navigation, filters, home."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Blueprint, Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    format_percent,
    format_time,
    format_timedelta,
    get_locale,
)
from flask_babel import gettext as _
from flask_login import current_user

from app import web
from app.conversations import listing
from app.sectors import sector_name
from app.staff.models import Role

blueprint = Blueprint("shell", __name__)
BELONGS = {
    "addressing": "networks",
    "catalogue": "cases",
    "imports": "networks",
    "archive": "issues",
    "printing": "issues",
    "reviewing": "issues",
    "snippets": "networks",
    "steering": "issues",
    "desk": "issues",
    "previews": "issues",
    "drafts": "issues",
    "conversing": "conversations",
    "unsorted": "conversations",
}  # blueprints shown under another's place


@blueprint.get("/")
@web.staff_only(*web.READERS)
def home() -> ResponseReturnValue:
    """The page a person of this role works on."""
    reviewer = web.current_staff().role == Role.REVIEWER
    return redirect(url_for("reports.index" if reviewer else "issues.index"))


def set_up_shell(app: Flask) -> None:
    app.jinja_env.filters.update(FILTERS)
    app.context_processor(_frame)


def _frame() -> dict[str, Any]:
    settings = web.services().settings
    return {"navigation": _navigation(), "uses_inbox": settings.uses_inbox, "locale": get_locale()}


def _navigation() -> list[tuple[str, str, bool]]:
    """(address, label, is the current one) for each place this role may go."""
    if not current_user.is_authenticated:
        return []
    role = web.current_staff().role
    places = [
        ("issues.index", _("Issues"), (Role.ADMIN, Role.COORDINATOR)),
        ("status.index", _("Sending"), (Role.ADMIN, Role.COORDINATOR)),
        ("conversations.index", _replies(role), (Role.ADMIN, Role.COORDINATOR)),
        ("cases.index", _("Cases"), (Role.ADMIN, Role.COORDINATOR)),
        ("letters.index", _("Letters"), (Role.ADMIN, Role.COORDINATOR)),
        ("media.index", _("Pictures"), (Role.ADMIN, Role.COORDINATOR)),
        ("networks.index", _("Networks"), (Role.ADMIN, Role.COORDINATOR)),
        ("reports.index", _("Reports"), tuple(Role)),
        ("delivery.inbox", _("Local inbox"), (Role.ADMIN, Role.COORDINATOR)),
        ("staff.index", _("Staff"), (Role.ADMIN,)),
        ("staff.audit_trail", _("Audit"), (Role.ADMIN,)),
    ]
    here = (request.blueprint, request.endpoint)
    return [
        (url_for(endpoint), label, _is_here(endpoint, *here))
        for endpoint, label, roles in places
        if role in roles and (endpoint != "delivery.inbox" or web.services().settings.uses_inbox)
    ]


def _replies(role: str) -> str:
    """With how many are unread: one cheap look for each page."""
    count = 0 if role == Role.REVIEWER else listing.unread(web.session(), web.current_staff())
    if count >= listing.MOST_COUNTED:
        return str(_("Replies (%(count)s+)", count=listing.MOST_COUNTED - 1))
    return str(_("Replies (%(count)s)", count=count) if count else _("Replies"))


def _is_here(endpoint: str, blueprint: str | None, current: str | None) -> bool:
    if endpoint in ("staff.audit_trail", "staff.index", "delivery.inbox"):
        return endpoint == current
    return endpoint.split(".")[0] == BELONGS.get(blueprint or "", blueprint)


def moment(value: datetime | None) -> str:
    """A time in the reader's zone, for example "23 Nov 2026, 14:02"."""
    return format_datetime(value, f"d MMM y{_comma()} HH:mm") if value else ""


def day(value: date | datetime | None) -> str:
    form = "d MMMM y" if _locale().language == "en" else "long"
    return format_date(value, form) if value else ""


def clock(value: datetime | None, seconds: bool = False) -> str:
    """A time of this day in the reader's zone, for example "14:02"."""
    return format_time(value, "HH:mm:ss" if seconds else "HH:mm") if value else ""


def wall(value: datetime) -> str:
    """A time as the clocks of its own zone show it, for example "Mon 23 Nov, 08:00"."""
    form = f"EEE d MMM{_comma()} HH:mm"
    return str(format_datetime(value.replace(tzinfo=None), form, rebase=False))


def number(value: int) -> str:
    """A count with the reader's separators, for example "1,000,000"."""
    return str(format_decimal(value))


def duration(value: timedelta | float) -> str:
    """About how long, in words, for example "5 minutes"; a number is of seconds."""
    length = value if isinstance(value, timedelta) else timedelta(seconds=value)
    return str(format_timedelta(length, threshold=1.2))


def country(code: str | None) -> str:
    return _locale().territories.get(code, code) if code else ""


def language_name(code: str | None) -> str:
    if not code:
        return ""
    try:
        return Locale.parse(code, sep="-").get_display_name(_locale()) or code
    except (UnknownLocaleError, ValueError):
        return code


def percent(value: float | None) -> str:
    """A share from 0 to 1 as whole per cent; a dash where there is none."""
    return "–" if value is None else format_percent(value)


def _comma() -> str:
    return "،" if _locale().language == "ar" else ","


def _locale() -> Locale:
    return get_locale() or Locale("en")


FILTERS: dict[str, Callable[..., str]] = {
    "moment": moment,
    "day": day,
    "clock": clock,
    "wall": wall,
    "number": number,
    "duration": duration,
    "country": country,
    "language_name": language_name,
    "sector_name": sector_name,
    "percent": percent,
}
