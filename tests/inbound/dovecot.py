"""A real IMAP server: Dovecot on ports of this machine, with all that is its own in one folder."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.ports import accepts
from tests.live import free_port
from tests.mail.certificates import certificate
from tests.processes import PATIENCE

USER, PASSWORD = "post%40example.org", "a%2Fpass%3Fword%40"  # as an address writes them
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = password=a/pass?word@
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail
}}
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Done {{
    auto = create
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    port: int
    plain: int  # where STARTTLS is offered
    mail: Path
    certificate: Path

    def url(self, scheme: str = "imaps", password: str = PASSWORD, ca: bool = True) -> str:
        port = self.port if scheme == "imaps" else self.plain
        trusted = f"?ca={self.certificate}" if ca else ""
        return f"{scheme}://{USER}:{password}@127.0.0.1:{port}/INBOX{trusted}"

    def deliver(self, name: str, raw: bytes) -> None:
        """As a delivery agent does: written whole, then put in its place."""
        fresh = self.mail / "tmp" / name
        fresh.write_bytes(raw)
        shutil.chown(fresh, "mail", "mail")
        fresh.rename(self.mail / "new" / name)

    def lose_index(self) -> None:
        """UIDVALIDITY becomes 1, and messages are numbered from there."""
        for path in self.mail.glob("dovecot*"):
            path.unlink()
        # By itself it takes the time in seconds, which may be the same.
        fresh = self.mail / "dovecot-uidlist"
        fresh.write_text("3 V1 N1\n")
        shutil.chown(fresh, "mail", "mail")

    def names(self, folder: str = ".") -> set[str]:
        """Of the messages, with their flags."""
        found = [*(self.mail / folder / "new").iterdir(), *(self.mail / folder / "cur").iterdir()]
        return {path.name.partition(",S=")[0] + path.name.partition(":2")[2] for path in found}


def program() -> str | None:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Ends with the block. Needs root: Dovecot gives up rights that only root has."""
    found = program()
    assert found
    with TemporaryDirectory(prefix="docket-dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Dovecot(free_port(), free_port(), folder / "mail", certificate(folder))
        config = folder / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                folder=folder,
                certificate=server.certificate,
                port=server.port,
                plain=server.plain,
            )
        )
        for part in ("mail", "mail/new", "mail/cur", "mail/tmp"):
            (folder / part).mkdir()
            shutil.chown(folder / part, "mail", "mail")
        with subprocess.Popen([found, "-F", "-c", str(config)]) as running:
            try:
                _wait_for(server.port, folder / "log", running)
                yield server
            finally:
                running.terminate()
                running.wait(timeout=PATIENCE)


def _wait_for(port: int, log: Path, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not accepts("127.0.0.1", port):
        if running.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text() if log.exists() else "Dovecot does not start")
        time.sleep(0.02)
