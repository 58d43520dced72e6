"""What an issue says by itself, in the language of its edition."""

from collections.abc import Callable
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

Translate = Callable[[str], str]


def same(text: str) -> str:
    """The words as they are: English."""
    return text


def locale_of(language: str) -> Locale:
    """English where the language is not known."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def direction(language: str) -> str:
    return locale_of(language).text_direction


def day(value: date, language: str) -> str:
    locale = locale_of(language)
    # The day comes first in every English that our members read.
    form = "d MMMM y" if locale.language == "en" else "long"
    return format_date(value, form, locale=locale)
