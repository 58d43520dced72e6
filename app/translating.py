"""The catalogues: what Docket says in each of its languages.

They are read as they were written, app/translations/*/LC_MESSAGES/messages.po: nothing has to be
compiled. A language is read when the first text in it is asked for, once in a process.
"""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = ("en", "fr", "es", "ar")
CATALOGUES = Path(__file__).parent / "translations"


def spoken(language: str) -> str | None:
    """Which of our languages it is, for example "fr" for fr-CA; None where it is none of them."""
    base = language.replace("_", "-").partition("-")[0].lower()
    return base if base in LANGUAGES else None


def into(language: str) -> Callable[[str], str]:
    """English where we do not speak the language: a mail has no request to ask for another."""
    translate: Callable[[str], str] = catalogue(spoken(language) or "en").gettext
    return translate


@cache
def catalogue(language: str) -> NullTranslations:
    """Of one of LANGUAGES. The sources are English: it has no file."""
    if language == "en":
        return NullTranslations()
    with (CATALOGUES / language / "LC_MESSAGES/messages.po").open("rb") as file:
        messages = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)
