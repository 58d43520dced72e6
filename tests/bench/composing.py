"""Composing: an edition compiled once and filled by joining bytes; the naive way makes every mail
anew from its templates, or at least builds its MIME anew."""

from email.message import EmailMessage
from email.policy import SMTP

from newsletters import wire
from tests.bench.measuring import Figure, compare
from tests.newsletters.samples import ENVELOPE, ISSUE, LINKS, RECIPIENT

COMPILES, FILLS, NAIVE_FILLS = 20, 5000, 300


def compiling(rounds: int) -> Figure:
    """How often an edition is made ready, against how often one mail is made from its templates."""
    return compare(
        "compile",
        "editions/s",
        lambda: sum(bool(wire.compile(ISSUE).size) for _ in range(COMPILES)),
        lambda: sum(bool(_mail_from_templates()) for _ in range(COMPILES)),
        "each mail composed and built for itself: one for each member",
        rounds,
    )


def filling(rounds: int) -> Figure:
    edition = wire.compile(ISSUE)
    rendered = edition.render(RECIPIENT, LINKS)
    return compare(
        "fill",
        "mails/s",
        lambda: sum(bool(edition.fill(RECIPIENT, LINKS, ENVELOPE)) for _ in range(FILLS)),
        lambda: sum(bool(_mime(rendered)) for _ in range(NAIVE_FILLS)),
        "the stdlib's EmailMessage built for each member, its HTML composed already",
        rounds,
    )


def _mail_from_templates() -> bytes:
    return _mime(wire.compile(ISSUE).render(RECIPIENT, LINKS))


def _mime(rendered: wire.Rendered) -> bytes:
    message = EmailMessage(SMTP)
    message["Subject"] = rendered.subject
    message["From"] = f"{ENVELOPE.from_name} <{ENVELOPE.from_address}>"
    message["To"] = RECIPIENT.address
    message["Message-ID"] = ENVELOPE.message_id
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    return message.as_bytes()
