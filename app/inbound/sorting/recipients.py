"""Whose mail did not arrive, where no delivery status says it: from the words of a bounce."""

import re
from collections.abc import Iterable
from email.message import Message
from itertools import islice

from app.inbound.sorting import parsing

_LOCAL = r"(?<![\w.+@=-])(?P<addr>[\w!#$%&'*+/=?^`{|}~-][\w.!#$%&'*+/=?^`{|}~-]{0,63}"
_AT = r"@(?:[a-z0-9_-]{1,63}\.){0,8}[a-z0-9-]{1,63})"
_ADDRESS = _LOCAL + _AT
_FLAGS = re.IGNORECASE | re.MULTILINE | re.ASCII

_FORMS = (
    # `<a@b>:` and `a@b:` at the beginning of a line: qmail, Postfix, Yahoo, kundenserver
    re.compile(r"^[ \t]{0,8}<?(?:mailto:)?" + _ADDRESS + r">?[ \t]{0,2}:(?:[ \t]|$)", _FLAGS),
    # alone on its line: Exim, Sendmail, Exchange, Gmail
    re.compile(
        r"^[ \t*-]{0,24}(?:smtp:|rfc822;|mailto:|to:)?[<\[('\"]{0,2}(?:mailto:)?"
        + _ADDRESS
        + r"[>\])'\",;]{0,3}(?:[ \t]{0,3}\([^()\n]{0,80}\))?[ \t]{0,8}$",
        _FLAGS,
    ),
    # after a word for it
    re.compile(
        r"(?:recipients?|rcpt(?: to)?|addressee|users?|mailbox|accounts?|address(?:es)?|addressed"
        r"|deliver(?:ed|y)?(?: the message)?|sent|mail|message|destination|forward\w*|empfänger"
        r"|adresse|destinataire|destinatario|indirizzo|endereço|адрес\w*|宛先|收件人|to|an|à|a"
        r"|für|for|von)(?:\(s\))?[ \t]{0,3}(?:to|was|is|an|at|for|address"
        r"|name)?[ \t]{0,3}[:=]?\s{0,4}"
        r"(?:rfc822;|smtp:|mailto:)?[<\[('\"]{0,3}(?:mailto:)?" + _ADDRESS,
        _FLAGS,
    ),
    re.compile(r"[<\[(]" + _ADDRESS + r"[>\])]", _FLAGS),
    re.compile(_ADDRESS, _FLAGS),
)
_FOR = re.compile(r"\bfor <?" + _ADDRESS + r">?[ \t]{0,3}(?:;|$|\()", _FLAGS)
_ENVELOPE = ("x-failed-recipients", "x-rcpt-to", "x-envelope-to", "envelope-to")
_NOT_A_MEMBER = re.compile(
    r"^(?:postmaster|mailer-daemon|abuse|hostmaster|help-?desk|support|webmaster|mail-?admin|root"
    r"|noreply|no-reply|security|unblock\w*|delist\w*|removeme|whitelist\w*)@",
    re.IGNORECASE,
)
_PLUS = re.compile(r"(?<![\w.+-])[a-z]\+[a-z0-9.]{3,80}@[a-z0-9.-]{1,200}[a-z0-9]", re.IGNORECASE)
_MOST = 50


def in_words(text: str, others: Iterable[str]) -> list[tuple[str, bool]]:
    """(address in lower case, plainly the recipient) by the first form that names any."""
    avoid = set(others)
    for number, form in enumerate(_FORMS):
        found: dict[str, None] = {}
        for match in form.finditer(text):
            address = tidy(match["addr"])
            if acceptable(address) and address not in avoid:
                found[address] = None
        if found:
            return [(address, number < 2) for address in list(found)[:_MOST]]
    return []


def given_back(returned: Message | None) -> list[str]:
    """To whom the returned mail was sent: its envelope's recipient where its trace names one."""
    if returned is None:
        return []
    for fields in (_ENVELOPE, ("to",), ("cc",)):
        found = [tidy(address) for _name, address in parsing.addresses(returned, *fields)]
        found = [address for address in dict.fromkeys(found) if acceptable(address)][:_MOST]
        traced = _traced(returned) if fields == ("to",) else None
        if traced and (traced in found or not found or parsing.header(returned, "x-beenthere")):
            return [traced]
        if found:
            return found
    return []


def _traced(returned: Message) -> str | None:
    for line in parsing.headers(returned, "received")[:3]:
        found = _FOR.search(line[:1_000])
        if found and acceptable(found["addr"].lower()):
            return found["addr"].lower()
    return None


def others(message: Message, returned: Message | None) -> set[str]:
    """Addresses that stand in a bounce and did not bounce: its own, and the sender's."""
    found = {a for _n, a in parsing.addresses(message, "from", "to", "reply-to", "sender")}
    if returned is not None:
        names = ("from", "return-path", "reply-to", "sender", "errors-to")
        found |= {a for _n, a in parsing.addresses(returned, *names)}
    return found


def narrow(found: list[str], sent_to: list[str]) -> list[str]:
    """Of several, those to whom the returned mail was addressed."""
    both = [address for address in found if address in sent_to]
    return both or found


def acceptable(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return bool(at and local and domain) and not _NOT_A_MEMBER.match(address)


def tidy(address: str) -> str:
    return address.strip("<>[](){}\"'`,;: \t.").lower().removeprefix("mailto:")


def with_plus(text: str) -> list[str]:
    """Addresses that have a plus sign, as ours have."""
    return [found[0].lower() for found in islice(_PLUS.finditer(text), _MOST)]


def any_in(text: str) -> list[str]:
    return [found["addr"].lower() for found in islice(_FORMS[-1].finditer(text), _MOST)]
