"""Composing: an edition compiled once and filled by joining bytes; the naive way makes every mail
anew from its templates, or at least builds its MIME anew."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

from newsletters import content, wire
from tests.bench.measuring import Figure, compare

COMPILES, FILLS, NAIVE_FILLS = 20, 5000, 300
ISSUE = content.Issue(
    title="November",
    subject="Two letters this month, {{name|colleague}}",
    network_name="Lawyers' Network",
    sender_name="Ilse Marrow",
    preview="One is from a colleague.",
    greeting="Dear {{name|colleague}},",
    introduction="This month **two requests**, both for people who do what you do. " * 4,
    closing="Thank you for the time you take for this.",
    cases=tuple(
        content.CaseBlock(
            key=str(number),
            people="Mira Solenne",
            place="Port Halden, Veridia",
            heading="Mira Solenne",
            body="Mira Solenne, a defence lawyer, was taken from her office. " * 6,
            asks=(
                content.Ask(
                    key=str(number),
                    kind="letter",
                    headline="Write to the Minister of Justice as a fellow lawyer.",
                    why="Ministers read the letterhead of a chamber abroad.",
                    instructions="- Write in your own words.\n- Ask for access to counsel.",
                    button="I have sent my letter",
                ),
            ),
        )
        for number in range(2)
    ),
)
RECIPIENT = content.Recipient("Ada Quill", "ada@example.org", {"name": "Ada Quill"})
LINKS = content.Links(
    {str(n): f"https://docket.example.org/r/{n}.1.ognurfkmnqt2q234yciy7zyr" for n in range(2)},
    "https://docket.example.org/u/1.ognurfkmnqt2q234yciy7zyr",
)
ENVELOPE = content.Envelope(
    from_name="Lawyers' Network",
    from_address="legal@example.org",
    reply_to="legal@example.org",
    message_id="<1@example.org>",
    date=datetime(2026, 11, 24, tzinfo=UTC),
    list_id="Lawyers <legal.example.org>",
    feedback_id="1:legal:docket",
)


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
