"""What a process of Docket holds: its settings, its database, its signer and its vault."""

from dataclasses import dataclass

from app.clock import now
from app.config import Settings, load, with_embedded_defaults
from app.db import Database
from app.links import Links
from app.vault import Vault
from newsletters.dkim import Signer, signed


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    links: Links
    vault: Vault
    dkim: Signer | None = None  # signs mail, where the relays do not

    @classmethod
    def of(cls, settings: Settings) -> "Services":
        return cls(
            settings,
            Database(settings.database_url),
            Links(settings.secret_keys, settings.base_url, settings.mail_domain),
            Vault(settings.secret_keys),
            settings.dkim,
        )

    def signed(self, message: bytes) -> bytes:
        """A single mail (CRLF line ends), with a DKIM signature where we sign."""
        return signed(self.dkim, message, int(now().timestamp())) if self.dkim else message

    @classmethod
    def from_environment(cls) -> "Services":
        """SettingsError when the environment is wrong."""
        return cls.of(with_embedded_defaults(load()))
