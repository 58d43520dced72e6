"""Which language an answer is in: of the mail that led here, the reader's own, or their browser's.

Flask-Babel asks here, and finds its texts in app.translating, as mails do.
"""

from functools import lru_cache

from babel.support import NullTranslations
from flask import Flask, g, request
from flask_babel import Babel, Domain, get_locale, refresh
from flask_login import current_user
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.translating import catalogue, spoken


class _Catalogues(Domain):  # type: ignore[misc]
    def get_translations(self) -> NullTranslations:
        locale = get_locale()
        return catalogue(spoken(locale.language if locale else "") or "en")


def set_up(app: Flask) -> None:
    def timezone() -> str | None:
        return getattr(current_user, "timezone", None)

    babel = Babel(app, locale_selector=language, timezone_selector=timezone)
    babel.domain_instance = _Catalogues()


def speak(language: str) -> None:
    """Answer this request in the language of the mail that led here, where it is one of ours."""
    g.language = spoken(language)
    refresh()


def language() -> str:
    """Of the answer to this request."""
    chosen = g.get("language") or spoken(getattr(current_user, "language", None) or "")
    return chosen or accepted(request.headers.get("Accept-Language", ""))


@lru_cache(1000)
def accepted(header: str) -> str:
    """The first of our languages in an Accept-Language header, from any region."""
    wanted = parse_accept_header(header, LanguageAccept)
    ours = (spoken(name) for name, quality in wanted if quality > 0)
    return next(filter(None, ours), "en")
