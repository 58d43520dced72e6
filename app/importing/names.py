"""People's names as lists hold them: titles, order and capitals made of one kind."""

import re
from itertools import dropwhile

_CIVIL_TITLES = frozenset(
    "mr mrs ms miss m mme mlle madame monsieur herr frau sr sra srta señor señora sig sigra".split()
)
_KEPT_TITLES = {"dr": "Dr", "prof": "Prof", "dra": "Dra", "pr": "Pr", "me": "Me", "doctor": "Dr"}
_DEGREES = frozenset("md phd jd llm llb qc kc sc esq jr bsc msc ma mba rn".split())
_PARTICLES = frozenset(
    "de da do dos du del della der den van von und y e la le el al bin ibn".split()
)


def tidy_name(text: str, *, after: bool = False) -> str:
    """ "QUILL, dr. ada" becomes "Dr Ada Quill"; a name in mixed case stays as it was written.

    `after` says that more of the name stands before it, so that it may begin with a particle.
    """
    text = " ".join(text.split())
    if text.count(",") == 1:
        last, first = (part.strip() for part in text.split(","))
        if first.replace(".", "").casefold() in _DEGREES:
            text = last
        else:
            text = f"{first} {last}" if first and last else first or last
    words = text.split()
    titles = [word for word in words if _plain_title(word) in _KEPT_TITLES]
    # Further on, "M." is an initial.
    rest = list(
        dropwhile(
            lambda word: _plain_title(word) in _CIVIL_TITLES,
            (word for word in words if word not in titles),
        )
    )
    if not rest:
        return ""
    shout = any(word.isupper() and len(word) > 2 for word in rest)
    whisper = all(word == word.lower() for word in rest)
    if shout or whisper:
        rest = [_cased(word, number) for number, word in enumerate(rest, start=after)]
    kept = list(dict.fromkeys(_KEPT_TITLES[_plain_title(word)] for word in titles))
    return " ".join([*kept, *rest])


def _plain_title(word: str) -> str:
    return word.strip(".").casefold()


def _cased(word: str, number: int) -> str:
    if word.casefold() in _PARTICLES and number > 0:
        return word.lower()
    if not (word.isupper() or word.islower()) or re.fullmatch(r"(?:[A-Z]\.)+", word):
        return word
    return re.sub(r"[^\W\d_]+", lambda part: part[0][:1].upper() + part[0][1:].lower(), word)
