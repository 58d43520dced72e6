"""Mails that Docket writes by itself: in plain text, in a network's name, for one person."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, formataddr

from app.networks.models import Network


def plain(
    network: Network, to: str, subject: str, body: str, message_id: str, at: datetime
) -> EmailMessage:
    """ValueError for what cannot stand in a header. Nobody's program is to answer it (RFC 3834)."""
    message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
    message["From"] = formataddr((network.from_name, network.from_address))
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body, cte="quoted-printable")
    return message
