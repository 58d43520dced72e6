"""What an issue is made of, as plain values. Text is a coordinator's; `*` marks Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

TOKEN = "{token}"  # noqa: S105  in an address, where a letter's own stands (RFC 6570, level 1)


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
    """`key` names its link; `button` says what a tap records: "I have sent my letter".
    `copied`: a copy can be sent to us, to an address that is shown."""

    key: str
    kind: str
    headline: str
    why: str
    instructions: str = ""  # *
    model_text: str = ""
    addressees: tuple[Addressee, ...] = ()
    deadline: date | None = None
    button: str = ""
    copied: bool = False


@dataclass(frozen=True)
class CaseBlock:
    key: str
    people: str
    place: str
    heading: str
    body: str  # *
    note: str = ""  # * why this case, now, in this network
    wishes: str = ""
    developments: tuple[Development, ...] = ()
    asks: tuple[Ask, ...] = ()
    restricted: bool = False  # not for publication


@dataclass(frozen=True)
class Fact:
    """A line such as "Where: Port Merrow" or "Members who acted: 41 of 412"."""

    label: str
    text: str


@dataclass(frozen=True)
class Link:
    address: str  # http, https or mailto
    label: str = ""  # empty: the address itself is shown


@dataclass(frozen=True)
class Picture:
    address: str
    alt: str
    width: int  # pixels of the file, of which at most 552 are shown across
    height: int


@dataclass(frozen=True)
class Section:
    """A block that is no case: every part is left out where it is empty. `kind`: text, news,
    event, picture, divider, colleagues or thanks."""

    key: str
    kind: str
    heading: str = ""
    body: str = ""  # *
    facts: tuple[Fact, ...] = ()
    link: Link | None = None
    picture: Picture | None = None


Block = CaseBlock | Section


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
    blocks: tuple[Block, ...] = ()
    postal_address: str = ""

    @property
    def cases(self) -> tuple[CaseBlock, ...]:
        return tuple(block for block in self.blocks if isinstance(block, CaseBlock))


class Recipient(NamedTuple):
    """`fields` holds what merge fields may name; what is not known is absent."""

    name: str
    address: str
    fields: Mapping[str, str] = MappingProxyType({})


class Tokens(NamedTuple):
    """One letter's own, each at most 64 of a-z, 0-9 and dots; empty where nothing asks for one."""

    message_id: bytes = b""
    reply_to: bytes = b""
    unsubscribe: bytes = b""
    leave: bytes = b""
    answers: tuple[bytes, ...] = ()  # of Stencil.asks, in their order
    copies: tuple[bytes, ...] = ()  # of Stencil.copied, in their order


@dataclass(frozen=True)
class Masthead:
    """What is the same in every letter of an edition. TOKEN may stand in every address but From."""

    from_name: str
    from_address: str
    reply_to: str
    message_id: str  # with its angle brackets
    list_id: str  # RFC 2919: a phrase, then the identifier in angle brackets
    feedback_id: str
    answer: str  # where the button of each ask leads
    unsubscribe: str
    unsubscribe_mailto: str | None = None
    copy: str = ""  # the address to which a letter may be copied
