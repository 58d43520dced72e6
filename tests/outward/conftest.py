"""A service that mails for real, as its settings say, and what was seen of links and domains."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.outside.models import DomainLook, LinkLook
from app.services import Services
from newsletters.content import Issue as Content
from newsletters.dkim import Signer
from tests.keys import RSA

PAGE = "https://news.veridia/notice"
DOMAIN = "quill.veridia"
SIGNER = Signer(RSA, DOMAIN, "docket")


@pytest.fixture
def office(services: Services) -> Services:
    """It signs for its domain, and takes bounces below it."""
    settings = replace(services.settings, mail_domain=f"news.{DOMAIN}")
    return replace(services, settings=settings, dkim=SIGNER)


@pytest.fixture
def seen(session: Session) -> Callable[..., LinkLook]:
    """seen(status=404, address=...): a link that was looked at just now."""

    def seen(address: str = PAGE, at: datetime | None = None, **values: Any) -> LinkLook:
        at = at or now()
        times = {"wanted_at": at, "looked_at": at, "next_look_at": at}
        row = LinkLook(address=address, **times | values)
        session.add(row)
        session.flush()  # findings ask the database
        return row

    return seen


@pytest.fixture
def heard(session: Session) -> Callable[..., DomainLook]:
    """heard(spf="missing"): what the DNS said just now of the sender's domain."""

    def heard(at: datetime | None = None, **values: Any) -> DomainLook:
        at = at or now()
        times = {"wanted_at": at, "looked_at": at, "next_look_at": at}
        names = {"domain": DOMAIN, "returns_to": f"news.{DOMAIN}", "signs_for": DOMAIN}
        row = DomainLook(**names | times | dict.fromkeys(("spf", "dkim", "dmarc", "mx"), "fine"))
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)
        session.flush()  # findings ask the database
        return row

    return heard


def content(introduction: str = "", **values: Any) -> Content:
    words = {"title": "November", "subject": "Two letters", "network_name": "Legal Network"}
    return Content(**words | {"sender_name": "Ilse", "introduction": introduction} | values)


def links(session: Session) -> list[LinkLook]:
    return list(session.scalars(select(LinkLook).order_by(LinkLook.address)))


def domains(session: Session) -> list[DomainLook]:
    return list(session.scalars(select(DomainLook).order_by(DomainLook.domain)))
