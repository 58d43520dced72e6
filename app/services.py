"""What a process of Docket holds: its settings, its database, its signer."""

from dataclasses import dataclass

from app.config import Settings, load, with_embedded_defaults
from app.db import Database
from app.links import Links
from newsletters.dkim import Signer


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    links: Links
    dkim: Signer | None = None  # signs mail, where the relays do not

    @classmethod
    def of(cls, settings: Settings) -> "Services":
        return cls(
            settings,
            Database(settings.database_url),
            Links(settings.secret_keys, settings.base_url, settings.mail_domain),
            settings.dkim,
        )

    @classmethod
    def from_environment(cls) -> "Services":
        """SettingsError when the environment is wrong."""
        return cls.of(with_embedded_defaults(load()))
