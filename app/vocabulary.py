"""Countries, languages, time zones and sectors by any of their names."""

import unicodedata
from functools import cache
from zoneinfo import available_timezones

from babel import Locale

from app.sectors import ENGLISH
from app.translating import LANGUAGES, into

# The languages in which a file may name countries and languages.
SPOKEN = ("en", "fr", "es", "de", "it", "pt", "nl", "ar", "ru", "sv", "pl", "tr")
# Further languages known by their own names; each takes about half a megabyte once it is asked.
NAMED_BY_THEMSELVES = (
    *SPOKEN,
    *("am", "bn", "cs", "el", "fa", "he", "hi", "hu", "id", "ja", "ko", "my", "ro", "sw"),
    *("ta", "th", "uk", "ur", "vi", "zh"),
)
# What Unicode's list of territories holds besides countries.
NO_COUNTRIES = frozenset(
    {"ZZ", "EU", "UN", "EZ", "XA", "XB", "QO", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"}
)
_COUNTRY_ALIASES = {
    "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "great britain": "GB",
    "usa": "US", "u.s.a.": "US", "us": "US", "united states of america": "US", "holland": "NL",
    "czech republic": "CZ", "ivory coast": "CI", "turkey": "TR", "burma": "MM",
    "drc": "CD", "eire": "IE", "south korea": "KR", "north korea": "KP", "vatican": "VA",
}  # fmt: skip


def country_code(text: str) -> str | None:
    """ISO 3166-1 alpha-2 for a code or a name in any of the SPOKEN languages."""
    return _countries().get(_key(text)) or _countries().get(_key(text.replace(".", "")))


def language_code(text: str) -> str | None:
    """BCP 47 for a code or a name in any of the SPOKEN languages, or its own."""
    return _languages().get(_key(text))


@cache
def _countries() -> dict[str, str]:
    found: dict[str, str] = {}
    for spoken in SPOKEN:
        for code, name in Locale(spoken).territories.items():
            if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES:
                found.setdefault(_key(name), code)
                found.setdefault(code.casefold(), code)
    return found | {_key(name): code for name, code in _COUNTRY_ALIASES.items()}


@cache
def _languages() -> dict[str, str]:
    found: dict[str, str] = {}
    codes = [code for code in map(str, Locale("en").languages) if 2 <= len(code) <= 3]
    for code in codes:
        found[code.casefold()] = code
    for spoken in SPOKEN:
        for code, name in Locale(spoken).languages.items():
            if code in codes:
                found.setdefault(_key(name), code)
    for code in NAMED_BY_THEMSELVES:
        found.setdefault(_key(Locale(code).languages[code]), code)
    for code in ("en", "fr", "es", "de", "pt"):
        for region in ("GB", "US", "CA", "FR", "ES", "MX", "DE", "AT", "CH", "BR", "PT"):
            found.setdefault(f"{code}-{region.casefold()}", code)
            found.setdefault(f"{code}_{region.casefold()}", code)
    return found


@cache
def _timezones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if "/" in name} | {"utc": "UTC"}


def timezone_name(text: str) -> str | None:
    """IANA, whatever its case and spaces."""
    return _timezones().get(text.replace(" ", "_").casefold())


@cache
def _sectors() -> dict[str, str]:
    """By their names in all of our languages: who reads French may have a file in English."""
    names = ENGLISH.items()
    return {_key(into(spoken)(name)): code for spoken in LANGUAGES for code, name in names}


def sector_code(text: str) -> str | None:
    """A code of app.sectors for it or its name."""
    wanted = _key(text).replace(" ", "_")
    return wanted if wanted in ENGLISH else _sectors().get(_key(text))


def _key(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return " ".join("".join(char for char in spread if not unicodedata.combining(char)).split())
