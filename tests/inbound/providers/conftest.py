"""Every door open, with the keys of signing.py."""

from dataclasses import replace

import pytest

from app.config import Settings
from app.inbound.door_settings import InboundDoors
from tests.inbound.providers import signing

DOORS = InboundDoors(
    ses_topics=frozenset({signing.TOPIC}),
    sendgrid_key=signing.SENDGRID_PUBLIC,
    mailgun_key=signing.MAILGUN_KEY,
    postmark_token=signing.TOKEN,
    brevo_token=signing.TOKEN[::-1],
    mime_token=signing.TOKEN.upper(),
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, doors=DOORS)
