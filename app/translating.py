"""What a newsletter says by itself, in the language of its edition.

Pages are translated by Flask-Babel in their reader's language; a mail has no request to ask.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.support import Translations

CATALOGUES = Path(__file__).parent / "translations"


@cache
def into(language: str) -> Callable[[str], str]:
    """English where there is no catalogue for the language."""
    return Translations.load(CATALOGUES, [language.replace("-", "_")]).gettext
