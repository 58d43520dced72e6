"""`bin/bench tokens`: a million forged and a hundred thousand mutated tokens and addresses.

None may be believed but what mail programs do to a token and app.links undoes; that one names the
very record that the token named.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from random import Random

import click

from app.links import LETTERS, Links, Purpose, mend
from tests.live import KEY

FORGED, MUTATED = 1_000_000, 100_000
BASE_32 = "abcdefghijklmnopqrstuvwxyz234567"
BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
ODD = BASE_36 + "ABCXYZ.=+-_/ \n\t%é\u200b\uff41\u0131\0<>"
_LOCAL = re.compile(r"[0-9a-z.]+")
IDS = {Purpose.ANSWER: 2, Purpose.COPY: 2}
WITH_LINK = (Purpose.ANSWER, Purpose.UNSUBSCRIBE)
WITH_ADDRESS = (Purpose.RETURN_PATH, Purpose.REPLY, Purpose.COPY, Purpose.LEAVE)
Read = tuple[Purpose, tuple[int, ...]]


@click.command("tokens", help="Forged and mutated tokens and addresses: none is believed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--forged", type=click.IntRange(1), default=FORGED, show_default=True)
@click.option("--mutated", type=click.IntRange(1), default=MUTATED, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def tokens(as_json: bool, forged: int, mutated: int, seed: int) -> None:
    sys.stderr.write(f"{forged + mutated:,} tokens …\n")
    links = Links([f"old-{KEY}", KEY], "https://docket.example.org", "news.example.org")
    begun = time.monotonic()
    found = tried(links, forged, mutated, seed)
    data = found | {"seconds": round(time.monotonic() - begun, 1)}
    words = "\n".join(f"{name:<10} {value:>12,}" for name, value in data.items())
    click.echo(json.dumps(data, indent=2) if as_json else words)


def tried(links: Links, forged: int, mutated: int, seed: int) -> dict[str, int]:
    """`accepted`: believed, and should not be. `canonical`: mutated ones that are mended, and name
    the same; `misread`: those that name something else, or are refused."""
    chance = Random(seed)
    counts = dict.fromkeys(("forged", "mutated", "accepted", "canonical", "misread"), 0)
    for _number in range(forged):
        counts["forged"] += 1
        counts["accepted"] += _read(links, _forged(links, chance)) is not None
    for _number in range(mutated):
        counts["mutated"] += 1
        purpose = chance.choice((*WITH_LINK, *WITH_ADDRESS))
        ids = _ids(purpose, chance)
        token = links.sign(purpose, *ids)
        changed = _changed(token, chance)
        read = _read(links, (purpose, changed))
        if _canonical(purpose, changed) == token:
            counts["canonical"] += 1
            counts["misread"] += read != (purpose, ids)
        else:
            counts["accepted"] += read is not None
    return counts


def _read(links: Links, given: tuple[Purpose, str]) -> Read | None:
    """As the page behind a link does, or the door that a mail to an address came in by."""
    purpose, token = given
    if purpose in WITH_ADDRESS:
        return links.read_address(f"{LETTERS[purpose]}+{token}@news.example.org")
    try:
        return purpose, links.read(purpose, token)
    except ValueError:
        return None


def _canonical(purpose: Purpose, token: str) -> str:
    """What is left of it when everything is undone that may be. An address is no link: it comes
    in a header, where nothing wraps it, in upper case or with a dot too many at worst."""
    if purpose in WITH_LINK:
        return mend(token)
    local = token.rstrip().lower()
    return mend(local) if _LOCAL.fullmatch(local) else ""


def _ids(purpose: Purpose, chance: Random) -> tuple[int, ...]:
    return tuple(chance.randrange(1, 10**6) for _number in range(IDS.get(purpose, 1)))


def _forged(links: Links, chance: Random) -> tuple[Purpose, str]:
    """A guess, what another purpose's token opens, or another key's."""
    purpose = chance.choice((*WITH_LINK, *WITH_ADDRESS))
    ids = _ids(purpose, chance)
    way = chance.randrange(20)
    if way == 0:
        other = chance.choice([one for one in Purpose if one is not purpose])
        return purpose, links.sign(other, *ids)
    if way == 1:
        return purpose, _STRANGER.sign(purpose, *ids)
    letters = "".join(chance.choices(BASE_32, k=24))
    return purpose, f"{'.'.join(map(str, ids))}.{letters}"


_STRANGER = Links(["a-key-of-somebody-else-a-key-of-somebody"], "https://x", "x")


def _changed(token: str, chance: Random) -> str:
    return chance.choice(_CHANGES)(token, chance)


def _put(alphabet: str, taken: int, token: str, chance: Random) -> str:
    """Another letter, in the place of `taken`."""
    place = chance.randrange(len(token))
    return token[:place] + chance.choice(alphabet) + token[place + taken :]


def _twice(token: str, chance: Random) -> str:
    """Two changes, each of which another mail program might make."""
    return _put(ODD, 0, _put(ODD, 0, token, chance), chance)


def _swap(token: str, chance: Random) -> str:
    place = chance.randrange(len(token) - 1)
    return token[:place] + token[place + 1] + token[place] + token[place + 2 :]


def _cut(token: str, chance: Random) -> str:
    return token[: chance.randrange(len(token))]


def _other_ids(token: str, chance: Random) -> str:
    """The signature of one record on another."""
    ids, _dot, signature = token.rpartition(".")
    parts = ids.split(".")
    parts[chance.randrange(len(parts))] = "".join(chance.choices(BASE_36, k=chance.randint(1, 5)))
    return ".".join([*parts, signature])


def _leading_zero(token: str, chance: Random) -> str:
    return "0" + token


def _shouted(token: str, chance: Random) -> str:
    return "".join(chance.choice((letter, letter.upper())) for letter in token)


def _damaged(token: str, chance: Random) -> str:
    """As mail programs wrap and decorate it."""
    damage = chance.choice(["=\r\n", "%20", "=20", " ", "=3D", "\u200b"])
    place = chance.randrange(len(token) + 1)
    return token[:place] + damage + token[place:] + chance.choice(["", ".", ">", ")"])


_CHANGES: list[Callable[[str, Random], str]] = [
    partial(_put, BASE_36, 1),
    partial(_put, ODD, 1),
    partial(_put, ODD, 0),
    _twice,
    _swap,
    _cut,
    _other_ids,
    _leading_zero,
    _shouted,
    _damaged,
]
