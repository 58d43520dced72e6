"""An answer as a mail: threaded as RFC 5322 3.6.4 says, with what it answers quoted below."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from app.conversations import briefs

MOST_REFERENCES = 20
LONGEST_LINE = 850  # of References, which must not be folded (below)
MOST_QUOTED = 200  # lines
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,248}>")
_QUOTE = re.compile(r"\n\n[^\n]+\n(?:>[^\n]*\n?)+\Z")
# Folding would turn a long Message-ID into an encoded word, and break the thread.
_POLICY = SMTP.clone(max_line_length=900)


@dataclass(frozen=True)
class Reply:
    sender: tuple[str, str]  # name, address
    recipient: str
    reply_to: str  # empty: the sender's own
    subject: str
    text: str
    message_id: str = ""  # of the mail it answers; empty where that is gone
    references: tuple[str, ...] = ()  # that the mail itself refers to, oldest first
    attribution: str = ""
    quoted: str = ""


def compose(reply: Reply, message_id: str, at: datetime) -> EmailMessage:
    """ValueError for a value that cannot stand in a header."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = formataddr(reply.sender)
    message["To"] = reply.recipient
    if reply.reply_to:
        message["Reply-To"] = reply.reply_to
    message["Subject"] = answered(reply.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    thread = references(reply.references, reply.message_id)
    if thread:
        message["In-Reply-To"] = thread[-1]
        message["References"] = " ".join(thread)
    message.set_content(body(reply), cte="quoted-printable")
    return message


def answered(subject: str) -> str:
    """ "Re: " and the words, once."""
    return f"Re: {briefs.without_prefix(subject)}".strip()


def references(earlier: Iterable[str], message_id: str) -> list[str]:
    """The thread's first mail, its newest, and the one that is answered last."""
    found = [*earlier, message_id]
    known = list(dict.fromkeys(one for one in found if _MESSAGE_ID.fullmatch(one)))
    if message_id in known:  # as some programs write it, among its own references
        known.remove(message_id)
        known.append(message_id)
    if len(known) > MOST_REFERENCES:
        known = [known[0], *known[-MOST_REFERENCES + 1 :]]
    return _within_a_line(known)


def body(reply: Reply) -> str:
    text = reply.text.replace("\r\n", "\n").strip()
    if not reply.quoted.strip():
        return f"{text}\n"
    lines = reply.quoted.strip().splitlines()[:MOST_QUOTED]
    quoted = "\n".join(f"> {line}".rstrip() for line in lines)
    return f"{text}\n\n{reply.attribution}\n{quoted}\n"


def without_quote(text: str) -> str:
    """What staff wrote, of a body of ours."""
    return _QUOTE.sub("", text.replace("\r\n", "\n").rstrip() + "\n").strip()


def _within_a_line(known: Sequence[str]) -> list[str]:
    """As many as one header line takes; the oldest but the first go."""
    kept = list(known)
    while len(" ".join(kept)) > LONGEST_LINE:
        del kept[1 if len(kept) > 2 else 0]
    return kept
