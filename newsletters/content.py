"""What an issue is made of, as plain values. Text is a coordinator's; `*` marks Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


class CompositionError(ValueError):
    """The issue cannot become mail; the message says where and what to do."""


@dataclass(frozen=True)
class Addressee:
    title: str
    name: str = ""
    salutation: str = ""
    post: str = ""  # lines
    fax: str = ""
    email: str = ""
    copies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Development:
    on: date
    text: str


@dataclass(frozen=True)
class Ask:
    """`key` names its link; `button` says what a tap records: "I have sent my letter"."""

    key: str
    kind: str
    headline: str
    why: str
    instructions: str = ""  # *
    model_text: str = ""
    addressees: tuple[Addressee, ...] = ()
    deadline: date | None = None
    button: str = ""


@dataclass(frozen=True)
class CaseBlock:
    key: str
    people: str
    place: str
    heading: str
    body: str  # *
    wishes: str = ""
    developments: tuple[Development, ...] = ()
    asks: tuple[Ask, ...] = ()
    restricted: bool = False  # not for publication


@dataclass(frozen=True)
class Issue:
    title: str
    subject: str
    network_name: str
    sender_name: str
    preview: str = ""
    greeting: str = ""
    introduction: str = ""  # *
    closing: str = ""  # *
    language: str = "en"  # BCP 47
    cases: tuple[CaseBlock, ...] = ()
    postal_address: str = ""


@dataclass(frozen=True)
class Recipient:
    """`fields` holds what merge fields may name; what is not known is absent."""

    name: str
    address: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Links:
    """`answers`: ask key -> address."""

    answers: Mapping[str, str]
    unsubscribe: str
    unsubscribe_mailto: str | None = None


@dataclass(frozen=True)
class Envelope:
    """What stands in the headers of one message. `date` is aware."""

    from_name: str
    from_address: str
    reply_to: str
    message_id: str  # with its angle brackets
    date: datetime
    list_id: str  # RFC 2919
    feedback_id: str
