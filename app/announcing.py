"""What `bin/run` says when all is ready: the addresses, and a way in."""

import shlex
import sys
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import PRODUCT_NAME
from app.clock import now
from app.config import Settings
from app.local_inbox import HOST as INBOX_HOST
from app.services import Services
from app.staff.models import Role, Staff
from app.staff.signin import new_link

OWN_FOLDER = Path(__file__).parent.parent / "data"


def announcement(services: Services) -> str:
    """Several lines; writes a sign-in link into the database where it shows one."""
    settings = services.settings
    lines = [f"{PRODUCT_NAME} is ready.", f"  Pages    {settings.base_url}/"]
    if settings.uses_inbox:
        lines.append(f"  Inbox    {settings.base_url}/inbox (all mail stays there)")
        lines.append(f"  SMTP     {INBOX_HOST}:{settings.inbox_port}")
    else:
        relays = ", ".join(relay.name for relay in settings.relays)
        lines.append(f"  Mail     goes out through {relays}")
    if settings.takes_mail:
        where = f"{settings.mail_host}:{settings.mail_port}"
        lines.append(f"  Answers  come in at {where} (SMTP or LMTP)")
    return "\n".join([*lines, *_way_in(services), "Ctrl-C stops it."])


def _way_in(services: Services) -> list[str]:
    settings = services.settings
    with services.database.writing() as session:
        admin = _first_admin(session)
        if admin is None:
            return ["Nobody can sign in yet. Make yourself an admin:", f"  {_staff_add(settings)}"]
        if settings.secure and not sys.stdout.isatty():
            # What is not a terminal is a log, and a log must not let anybody in.
            return [f"  Sign in  {settings.base_url}/sign-in"]
        link = new_link(session, services.links, admin, now())
    return [f"  Sign in  {link}", f"           (works once, as {admin.name})"]


def _first_admin(session: Session) -> Staff | None:
    admins = select(Staff).where(Staff.role == Role.ADMIN, Staff.closed_at.is_(None))
    return session.scalar(admins.order_by(Staff.id).limit(1))


def _staff_add(settings: Settings) -> str:
    """The command to type, on this data folder."""
    command = 'bin/docket staff add you@example.org --name "Your Name" --role admin'
    if settings.data_dir == OWN_FOLDER:
        return command
    return f"DATA_DIR={shlex.quote(str(settings.data_dir))} {command}"
