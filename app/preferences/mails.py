"""The mails around a member's preferences. They name nobody; none of them is to be answered."""

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

from flask_babel import gettext as _

from app.networks.models import Network
from app.notices import writing

Write = Callable[[int, str], EmailMessage]
"""(the notice's id, its Message-ID) -> the mail, as app.notices.posting.post asks for it."""


def preferences(network: Network, to: str, link: Callable[[int], str], at: datetime) -> Write:
    """`link`: of a notice's id."""

    def write(notice_id: int, message_id: str) -> EmailMessage:
        body = _(
            "Hello,\n\n"
            "somebody, probably you, asked for the page on which you choose what you get from\n"
            "us. Open it within 24 hours; you can open it as often as you need:\n\n"
            "%(link)s\n\n"
            "If that was not you, do nothing. Nothing changes, and only this mail holds the\n"
            "link.\n\n"
            "%(sender)s\n",
            link=link(notice_id),
            sender=network.from_name,
        )
        subject = _("Your preferences: %(network)s", network=network.name)
        return writing.plain(network, to, subject, body, message_id, at)

    return write


def confirm_new(network: Network, to: str, link: str, at: datetime) -> Write:
    body = _(
        "Hello,\n\n"
        "a member of %(network)s, probably you, wants to get our mail at this address from now\n"
        "on. To confirm, open this page within seven days and press the button there:\n\n"
        "%(link)s\n\n"
        "The old address is asked too; mail moves when both have confirmed. If that was not\n"
        "you, do nothing, and nothing changes.\n\n"
        "%(sender)s\n",
        network=network.name,
        link=link,
        sender=network.from_name,
    )
    return _plainly(network, to, _("Please confirm your new address"), body, at)


def confirm_old(network: Network, to: str, link: str, at: datetime) -> Write:
    body = _(
        "Hello,\n\n"
        "somebody, probably you, asked us to write to another address instead of this one. To\n"
        "confirm, open this page within seven days and press the button there:\n\n"
        "%(link)s\n\n"
        "If that was not you, open the page all the same and press “This was not me”: then\n"
        "nothing changes.\n\n"
        "%(sender)s\n",
        link=link,
        sender=network.from_name,
    )
    return _plainly(network, to, _("Please confirm: your mail is to move"), body, at)


def known_already(network: Network, to: str, at: datetime) -> Write:
    """To an address that is a member's of its own: only who reads its mail learns of it."""
    body = _(
        "Hello,\n\n"
        "somebody, probably you, asked us to move their mail to this address. We write to it\n"
        "already, so nothing was changed.\n\n"
        "If both addresses are yours, leave with the other one by the link at the foot of its\n"
        "mail. If that was not you, do nothing.\n\n"
        "%(sender)s\n",
        sender=network.from_name,
    )
    return _plainly(network, to, _("Your address stays as it is"), body, at)


def changed(network: Network, to: str, at: datetime) -> Write:
    body = _(
        "Hello,\n\n"
        "your address was changed: our mail goes to your new address from now on, and this is\n"
        "the last that comes here.\n\n"
        "If that was not you, write to %(contact)s at once.\n\n"
        "%(sender)s\n",
        contact=network.reply_to or network.from_address,
        sender=network.from_name,
    )
    return _plainly(network, to, _("Your address was changed"), body, at)


def _plainly(network: Network, to: str, subject: str, body: str, at: datetime) -> Write:
    return lambda _notice_id, message_id: writing.plain(network, to, subject, body, message_id, at)
