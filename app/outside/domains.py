"""What the DNS says of the domain that mail comes from: SPF, DKIM, DMARC, and where bounces go."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.outside.addresses import is_at_home, is_made_up
from app.outside.models import Record, Trouble
from app.outside.names import Names, NoSuchName, Unanswered
from newsletters.dkim import Signer

SECONDS = 4.0  # for the addresses of one name
_SPF = {"-": Record.FINE, "~": Record.FINE, "?": Record.OPEN, "+": Record.EVERYBODY}
_DMARC = {"none": Record.WATCHES, "quarantine": Record.FINE, "reject": Record.FINE}


@dataclass(frozen=True)
class Sender:
    """`domain`: of the From address; `returns_to`: of the return path, which bounces go to and
    whose SPF counts; `signer`: where we sign."""

    domain: str
    returns_to: str
    signer: Signer | None = None


@dataclass(frozen=True)
class Said:
    """What the DNS says; UNKNOWN, and trouble, where it did not answer."""

    trouble: Trouble
    spf: Record = Record.UNKNOWN
    dkim: Record = Record.UNKNOWN
    dmarc: Record = Record.UNKNOWN
    mx: Record = Record.UNKNOWN


def look(sender: Sender, names: Names) -> Said:
    try:
        names.texts(sender.domain)
    except NoSuchName:
        return Said(Trouble.NO_NAME)
    except Unanswered:
        return Said(Trouble.NO_ANSWER)
    found = {
        "spf": _said(lambda: spf(_texts(names, sender.returns_to))),
        "dkim": _said(lambda: _dkim(names, sender)),
        "dmarc": _said(lambda: _dmarc(names, sender.domain)),
        "mx": _said(lambda: _mx(names, sender.returns_to)),
    }
    is_whole = Record.UNKNOWN not in found.values()
    return Said(Trouble.NONE if is_whole else Trouble.NO_ANSWER, **found)


def spf(texts: list[str]) -> Record:
    """RFC 7208: one record, and what it says of servers that it does not name."""
    records = [text for text in texts if text.lower().split(" ", 1)[0] == "v=spf1"]
    if len(records) != 1:
        return Record.SEVERAL if records else Record.MISSING
    terms = records[0].lower().split()[1:]
    if terms in (["-all"], ["~all"]):
        return Record.NOBODY
    for term in terms:
        if term.lstrip("+-~?") == "all":
            return _SPF[term[0] if term[0] in _SPF else "+"]
    passed_on = any(term.startswith("redirect=") for term in terms)
    return Record.FINE if passed_on else Record.OPEN


def dmarc(texts: list[str], *, is_below: bool) -> Record:
    """RFC 7489. `is_below`: the record stands at a domain above the sender's."""
    records = [tags for text in texts if (tags := _tags(text)).get("v", "").upper() == "DMARC1"]
    if len(records) != 1:
        return Record.SEVERAL if records else Record.MISSING
    [tags] = records
    policy = tags.get("p", "")
    if is_below:
        policy = tags.get("sp", policy)
    return _DMARC.get(policy.lower(), Record.UNREADABLE)


def dkim(texts: list[str], signer: Signer) -> Record:
    """RFC 6376 3.6.1: whether our key is published."""
    keys = [tags for text in texts if "p" in (tags := _tags(text))]
    if not keys:
        return Record.MISSING
    ours = (signer.key.algorithm, "".join(signer.key.public.split()))
    found = [(tags.get("k", "rsa").lower(), "".join(tags["p"].split())) for tags in keys]
    return Record.FINE if ours in found else Record.DIFFERS


def are_kin(one: str, other: str) -> bool:
    """Whether DMARC's relaxed alignment may take one domain for the other: one is below the other,
    or both are below a domain of two labels or more."""
    parent = _common(one, other)
    return parent in (one, other) or parent.count(".") >= 1


def places_of_dmarc(domain: str) -> Iterator[str]:
    """The domain, then those above it that are not the last label: the tree walk of DMARCbis, which
    needs no list of public suffixes."""
    labels = domain.split(".")[-8:]
    for at in range(max(1, len(labels) - 1)):
        yield ".".join(labels[at:])


def _said(find: Callable[[], Record]) -> Record:
    try:
        return find()
    except Unanswered:
        return Record.UNKNOWN


def _texts(names: Names, name: str) -> list[str]:
    if is_made_up(name) or is_at_home(name):
        return []
    try:
        return names.texts(name)
    except NoSuchName:
        return []


def _dmarc(names: Names, domain: str) -> Record:
    for place in places_of_dmarc(domain):
        found = dmarc(_texts(names, f"_dmarc.{place}"), is_below=place != domain)
        if found is not Record.MISSING:
            return found
    return Record.MISSING


def _dkim(names: Names, sender: Sender) -> Record:
    if sender.signer is None:
        return Record.RELAYS
    if not are_kin(sender.domain, sender.signer.domain):
        return Record.STRANGER
    return dkim(_texts(names, sender.signer.record_name), sender.signer)


def _mx(names: Names, domain: str) -> Record:
    """Without an MX record mail goes to the domain's own address (RFC 5321 5.1)."""
    if is_made_up(domain) or is_at_home(domain):
        return Record.MISSING
    try:
        servers = names.mail_servers(domain) or names.addresses(domain, SECONDS)
    except NoSuchName:
        return Record.MISSING
    return Record.FINE if any(servers) else Record.MISSING


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _equals, value in pairs}


def _common(one: str, other: str) -> str:
    shared = []
    for a, b in zip(reversed(one.split(".")), reversed(other.split(".")), strict=False):
        if a != b:
            break
        shared.append(a)
    return ".".join(reversed(shared))
