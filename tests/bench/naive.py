"""What a beginner writes: for each member six links are signed, two templates rendered, and a
message is built of them.

Its templates are made of the page and the text of our own edition, so that both ways write the
same words: about 54 KB of HTML and 3 KB of text, five asks and a link to leave.
"""

from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from functools import cache

import jinja2
from itsdangerous import URLSafeTimedSerializer

from newsletters import content, wire
from newsletters.stencil import Stencil

ASKS = 5
NEWS = 6  # further cases
BASE_URL = "https://docket.example.org"
MASTHEAD = content.Masthead(
    from_name="Harbour Lawyers’ Network",
    from_address="harbour@news.example.org",
    reply_to="perpetua@harbour.example",
    message_id="<{token}@news.example.org>",
    list_id="Harbour Lawyers’ Network <harbour.news.example.org>",
    feedback_id="4:harbour:docket",
    answer=f"{BASE_URL}/r/{{token}}",
    unsubscribe=f"{BASE_URL}/u/{{token}}",
)
SECRET_KEY = "naive-key-" * 4
_WHAT_HAPPENED = (
    "Tamsin Arkwell was taken from her office on 3 March and has been held at the **Weir House** "
    "since – nobody has seen her."
)


@dataclass(frozen=True)
class Templates:
    html: jinja2.Template
    text: jinja2.Template


def compose(delivery_id: int, name: str, address: str, profession: str, at: datetime) -> bytes:
    """The whole message, CRLF line ends."""
    links = [_link("r", delivery_id, ask) for ask in range(1, ASKS + 1)]
    leave = _link("u", delivery_id, 0)
    values = {"name": name, "profession": profession, "links": links, "leave": leave}
    message = EmailMessage(SMTP)
    message["From"] = formataddr((MASTHEAD.from_name, MASTHEAD.from_address))
    message["To"] = formataddr((name, address))
    message["Subject"] = f"{name}, two letters before the 16th – Vardania"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{delivery_id}.4@news.example.org>"
    message["Reply-To"] = MASTHEAD.reply_to
    message["List-Id"] = MASTHEAD.list_id
    message["List-Unsubscribe"] = f"<{leave}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Feedback-ID"] = MASTHEAD.feedback_id
    message.set_content(templates().text.render(values))
    message.add_alternative(templates().html.render(values), subtype="html")
    return message.as_bytes(policy=SMTP)


@cache
def templates() -> Templates:
    """Compiled once, as any beginner's framework does."""
    stencil = Stencil(sample_edition(), MASTHEAD)
    tokens = content.Tokens(unsubscribe=b"leave", answers=(b"1", b"2", b"3", b"4", b"5"))
    fields = {"name": "$NAME$", "profession": "$PROFESSION$"}
    rendered = stencil.render(content.Recipient("", "ada@members.example", fields), tokens)
    environment = jinja2.Environment(autoescape=True)
    plain = jinja2.Environment(autoescape=False)
    return Templates(
        # On lines of their own, as MJML's own tool writes tags.
        html=environment.from_string(_as_template(rendered.html).replace("><", ">\n<")),
        text=plain.from_string(_as_template(rendered.text)),
    )


def _as_template(page: str) -> str:
    for number in range(ASKS):
        page = page.replace(f"{BASE_URL}/r/{number + 1}", f"{{{{ links[{number}] }}}}")
    page = page.replace(f"{BASE_URL}/u/leave", "{{ leave }}")
    return page.replace("$NAME$", "{{ name }}").replace("$PROFESSION$", "{{ profession }}")


def _link(path: str, delivery_id: int, ask: int) -> str:
    serializer = URLSafeTimedSerializer(SECRET_KEY, salt=path)
    return f"{BASE_URL}/{path}/{serializer.dumps([delivery_id, ask])}"


def sample_edition() -> wire.Edition:
    """The keys of its asks are numbers from 1 on, as offers' ids are."""
    return wire.compile(
        content.Issue(
            title="Five letters before the rains",
            subject="{{name|Colleague}}, two letters before the 16th – Vardania",
            network_name=MASTHEAD.from_name,
            sender_name="Perpetua Vane",
            preview="Tamsin Arkwell has not seen a lawyer since March.",
            greeting="Dear {{name|colleague}},",
            introduction="Last month *forty-one* of you wrote. Here is what is needed now.",
            closing="With thanks and warm regards,",
            blocks=(*map(_case, range(1, ASKS + 1)), *map(_news, range(NEWS))),
            postal_address="2 Rope Walk, Gull’s End",
        )
    )


def _case(number: int) -> content.CaseBlock:
    return content.CaseBlock(
        key=f"case{number}",
        people="Tamsin Arkwell",
        place="Port Merrow, Vardania",
        heading="Tamsin Arkwell, kept from her lawyer",
        body=_WHAT_HAPPENED,
        asks=(_ask(number),),
    )


def _news(number: int) -> content.CaseBlock:
    """A case of which nothing is asked yet: much markup, few words."""
    heading = "Ødger Lindqvale-Moor"
    return content.CaseBlock(key=f"n{number}", people="", place="", heading=heading, body="Free!")


def _ask(number: int) -> content.Ask:
    return content.Ask(
        key=str(number),
        kind="letter",
        headline="Write to the Minister of Justice as a {{profession|professional}}.",
        why="The Minister answers to her own profession.",
        instructions="Please be *courteous*.",
        addressees=(content.Addressee(title="Minister of Justice", post="14 Lantern Square"),),
        deadline=date(2031, 5, 16),
        button="I have sent my letter",
    )
