"""One issue of an invented network, what one member gets of it, and how to read it back."""

import email
from dataclasses import replace
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage

from newsletters.content import (
    Addressee,
    Ask,
    CaseBlock,
    Development,
    Issue,
    Masthead,
    Recipient,
    Tokens,
)
from newsletters.dkim import Signer
from newsletters.stencil import Rendered, Stencil
from newsletters.wire import Edition, compile

MINISTER = Addressee(
    title="Minister of Justice of Vardania",
    name="Ms. Ottoline Özgrav",
    salutation="Your Excellency",
    post="14 Lantern Square\nOld Harbour\nPort Merrow 1020\nVARDANIA",
    fax="+999 1 555 0100",
    email="minister@justice.vardania.example",
    copies=("the Embassy of Vardania in your country", "the Bar of Port Merrow"),
)
GOVERNOR = Addressee(
    title="Governor of Quillon Prison",
    post="Quillon Prison\nRoad of the Weirs 3\nQuillon",
    salutation="Dear Governor",
)

WRITE = Ask(
    key="write-minister",
    kind="letter",
    headline="Write to the Minister of Justice as a fellow {{profession|professional}}.",
    why="You are a {{profession|professional}} and the Minister answers to her own profession.",
    instructions=(
        "Please be *courteous*. Mention that:\n\n"
        "- Tamsin Arkwell has not seen a lawyer since **3 March**, although the law of Vardania "
        "gives her that right from the first hour;\n"
        "- her court date has been moved four times."
    ),
    model_text=(
        "I write to you as a colleague who follows the work of the courts of Vardania with "
        "respect.\n\nI ask you to let Tamsin Arkwell meet her lawyer, Mr. Ixworth."
    ),
    addressees=(MINISTER,),
    deadline=date(2031, 5, 16),
    button="I have sent my letter",
    copied=True,
)
TELL = Ask(
    key="tell-colleagues",
    kind="share",
    headline="Tell two colleagues about Tamsin Arkwell.",
    why="Letters from {{country|many countries}} are still few.",
)
CARD = Ask(
    key="send-card",
    kind="card",
    headline="Send Ødger Lindqvale-Moor a card.",
    why="He reads English, and cards reach him.",
    instructions="Write nothing about his case or about Vardania.",
    addressees=(GOVERNOR,),
    deadline=date(2031, 6, 1),
    button="My card is in the post",
)
ARKWELL = CaseBlock(
    key="arkwell",
    people="Tamsin Arkwell",
    place="Port Merrow, Vardania",
    heading="Tamsin Arkwell, kept from her lawyer",
    body=(
        "Tamsin Arkwell defends fishermen who lost their moorings. She was taken from her office "
        "on 3 March & has been held at the [Weir House](https://example.org/weir?a=1&b=2) since.\n"
        "\n> “I only read them the harbour statute.”\n\n"
        "![The Weir House, seen from the quay](https://example.org/weir.png)"
    ),
    wishes="That her clients hear that she is well.",
    developments=(
        Development(date(2031, 4, 2), "The hearing was moved for the fourth time."),
        Development(date(2031, 4, 20), "The Bar of Port Merrow asked to see her <no answer>."),
    ),
    asks=(WRITE, TELL),
)
LINDQVALE = CaseBlock(
    key="lindqvale",
    people="Ødger Lindqvale-Moor",
    place="Quillon",
    heading="Ødger Lindqvale-Moor, in his third winter",
    body="His family asks that **nothing of this is published**; please do not forward it.",
    asks=(CARD,),
    restricted=True,
)
ISSUE = Issue(
    title="Two letters before the rains",
    subject="{{name|Colleague}}, two letters before the 16th – Vardania",
    network_name="Harbour Lawyers’ Network",
    sender_name="Perpetua Vane",
    preview="Tamsin Arkwell has not seen a lawyer since March.",
    greeting="Dear {{name|colleague}},",
    introduction="Last month *forty-one* of you wrote. Thank you.\n\nHere is what is needed now.",
    closing="With thanks and warm regards,",
    blocks=(ARKWELL, LINDQVALE),
    postal_address="Harbour Lawyers’ Network, 2 Rope Walk, Gull’s End",
)
RECIPIENT = Recipient(
    name="Zoë Pemberwick",
    address="zoe@members.example",
    fields={"name": "Zoë Pemberwick", "profession": "notary"},
)
MASTHEAD = Masthead(
    from_name="Harbour Lawyers’ Network",
    from_address="harbour@news.example.org",
    reply_to="r+{token}@news.example.org",
    message_id="<{token}@news.example.org>",
    list_id="Harbour Lawyers’ Network <harbour.news.example.org>",
    feedback_id="4:harbour:docket",
    answer="https://docket.example.org/a/{token}?to=us&s=k-3_x",
    unsubscribe="https://docket.example.org/leave?m={token}&s=abc",
    unsubscribe_mailto="leave+{token}@news.example.org",
    copy="c+{token}@news.example.org",
)
ANSWERS = {"write-minister": b"17.1.k3", "tell-colleagues": b"17.2.q9", "send-card": b"17.3.zz"}
LINKS = {
    key: f"https://docket.example.org/a/{token.decode()}?to=us&s=k-3_x"
    for key, token in ANSWERS.items()
}
LEAVE = "https://docket.example.org/leave?m=17.abc&s=abc"
AT = datetime(2031, 5, 2, 9, 30, tzinfo=UTC)
EDITION = compile(ISSUE)
SMALL = Issue(title="T", subject="S", network_name="N", sender_name="A")


def rendered(issue: Issue, recipient: Recipient = RECIPIENT) -> Rendered:
    stencil = Stencil(compile(issue), MASTHEAD)
    return stencil.render(recipient, tokens(stencil))


def filled(
    edition: Edition = EDITION,
    recipient: Recipient = RECIPIENT,
    masthead: Masthead = MASTHEAD,
    signer: Signer | None = None,
    at: datetime = AT,
) -> bytes:
    stencil = Stencil(edition, masthead, signer)
    return stencil.fill(recipient, tokens(stencil), at)


def tokens(stencil: Stencil) -> Tokens:
    answers = tuple(ANSWERS[key] for key in stencil.asks)
    return Tokens(
        message_id=b"17.4",
        reply_to=b"17.r",
        unsubscribe=b"17.abc",
        leave=b"17.l",
        answers=answers,
        copies=tuple(b"17." + key.encode()[:2] for key in stencil.copied),
    )


def with_ask(ask: Ask) -> Issue:
    """A small issue whose only case has this ask."""
    case = CaseBlock(key="c", people="P", place="Q", heading="H", body="B", asks=(ask,))
    return replace(SMALL, blocks=(case,))


def parsed(message: bytes) -> EmailMessage:
    return email.message_from_bytes(message, policy=policy.default)


def body(message: EmailMessage, kind: str) -> str:
    """The decoded text of the "plain" or the "html" part, with LF line ends."""
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")
