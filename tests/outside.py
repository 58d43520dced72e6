"""An SMTP server that is not ours, for mail to go out to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller

from tests.live import free_port


@dataclass
class Outside:
    """`refuse`: address -> the reply that it gets instead of 250."""

    url: str = ""
    mails: list[tuple[str, str, bytes]] = field(default_factory=list)  # from, to, content
    refuse: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: object, address: str, options: object
    ) -> str:
        if reply := self.refuse.get(address):
            return reply
        envelope.rcpt_tos.append(address)  # type: ignore[attr-defined]
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        for recipient in envelope.rcpt_tos:  # type: ignore[attr-defined]
            self.mails.append((envelope.mail_from, recipient, envelope.content))  # type: ignore[attr-defined]
        return "250 OK: queued"

    def messages(self) -> dict[str, EmailMessage]:
        """Recipient in lower case -> message; AssertionError when somebody got two."""
        found: dict[str, EmailMessage] = {}
        for _sender, recipient, content in self.mails:
            recipient = recipient.lower()
            assert recipient not in found, f"{recipient} got two mails"
            found[recipient] = message_from_bytes(content, policy=policy.default)  # type: ignore[assignment]
        return found


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def links_of(message: EmailMessage, path: str = "/r/") -> list[str]:
    """The links that stand alone on their line of the text part."""
    lines = (line.strip() for line in text_of(message).splitlines())
    return [line for line in lines if line.startswith("http") and path in line]


@contextmanager
def outside() -> Iterator[Outside]:
    server = Outside()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    server.url = f"smtp://127.0.0.1:{controller.port}"
    try:
        yield server
    finally:
        controller.stop()
