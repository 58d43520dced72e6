"""Which doors for posts of providers are open, and by what their posts are known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

T = TypeVar("T")


class Read(Protocol):
    """app.config's reader: a setting's name, its default, and what makes a value of its text."""

    def __call__(self, name: str, default: str, parse: Callable[[str], T]) -> T: ...


@dataclass(frozen=True)
class InboundDoors:
    """Empty: this door is closed. Secrets stay out of what a debugger or a log would show."""

    ses_topics: frozenset[str] = frozenset()
    sendgrid_key: str = field(default="", repr=False)  # public, but long
    mailgun_key: str = field(default="", repr=False)
    postmark_token: str = field(default="", repr=False)
    brevo_token: str = field(default="", repr=False)
    mime_token: str = field(default="", repr=False)


def read_doors(read: Read, token: Callable[[str], str]) -> InboundDoors:
    """`token` checks a secret."""
    return InboundDoors(
        ses_topics=read("SES_TOPICS", "", topics),
        sendgrid_key=read("SENDGRID_WEBHOOK_KEY", "", verification_key),
        mailgun_key=read("MAILGUN_SIGNING_KEY", "", token),
        postmark_token=read("POSTMARK_WEBHOOK_TOKEN", "", token),
        brevo_token=read("BREVO_WEBHOOK_TOKEN", "", token),
        mime_token=read("INBOUND_HTTP_TOKEN", "", token),
    )


def topics(text: str) -> frozenset[str]:
    names = frozenset(text.replace(",", " ").split())
    if not names:
        return names
    from app.inbound.providers.sns import TOPIC  # cryptography takes its time: not where it is idle

    for name in names:
        if not TOPIC.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a topic such as arn:aws:sns:eu-west-1:123456789012:bounces"
            )
    return names


def verification_key(text: str) -> str:
    if text:
        from app.inbound.providers.sendgrid import load_key

        load_key(text)
    return text
