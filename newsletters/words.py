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


# What a tap records, where a coordinator has not said it in words of their own.
_ACTS = {
    "letter": same("I have sent my letter"),
    "email": same("I have sent my e-mail"),
    "call": same("I have telephoned"),
    "statement": same("I have made a statement"),
    "visit": same("I have been there"),
    "publish": same("I have published it"),
    "expertise": same("I have given my expertise"),
    "colleagues": same("I have told my colleagues"),
}


def act(kind: str, button: str, translate: Translate) -> str:
    """The words on an ask's button, in the mail and on the page behind it."""
    return button or translate(_ACTS.get(kind, same("I have done it")))
