"""A real Postfix on ports of this machine: its queue, its settings, its mailboxes in one folder.

It is an instance of its own; whatever Postfix the machine runs is left alone.
"""

import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.ports import accepts
from tests.live import ROOT, free_port
from tests.processes import PATIENCE

HOST = "127.0.0.1"
MAILBOXES = "members.example"  # a domain whose mail is put into mailboxes
STRANGE = "strange.example"  # one that is brought to us by mistake
NOWHERE = "justice.example"  # one whose mail is thrown away

GUIDE = ROOT / "docs/inbound.md"
# Added to what the guide says: an instance that bothers nobody, and a domain with mailboxes.
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {commands}
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.example
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = {host}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
virtual_mailbox_domains = {mailboxes}
virtual_mailbox_maps = inline:{{ {maps} }}
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
"""
MASTER = """
{host}:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    port: int
    folder: Path

    def mails(self, user: str) -> list[bytes]:
        """What lies in somebody's mailbox."""
        return [path.read_bytes() for path in (self.folder / "mail" / user / "new").glob("*")]

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""


def program(name: str = "postfix") -> str | None:
    """Where it is; administrators' folders are looked at too."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def postfix(door: int, users: list[str]) -> Iterator[Postfix]:
    """Its domain's mail goes by LMTP to the port `door`. Needs root, as Postfix does."""
    with TemporaryDirectory(prefix="docket-postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Postfix(free_port(), folder)
        _write(server, door, users)
        config = str(folder / "etc")
        check = [program() or "", "-c", config, "check"]  # makes the queue's folders
        subprocess.run(check, check=True, capture_output=True, env=_environ())
        master = f"{_default('daemon_directory')}/master"
        with subprocess.Popen([master, "-c", config, "-d"], start_new_session=True) as running:
            try:
                _wait_for(server, running)
                yield server
            finally:
                running.terminate()  # it ends its own
                running.wait(timeout=PATIENCE)


def _write(server: Postfix, door: int, users: list[str]) -> None:
    values = {
        "folder": server.folder,
        "commands": _default("command_directory"),
        "daemons": _default("daemon_directory"),
        "host": HOST,
        "port": server.port,
        "mailboxes": MAILBOXES,
        "maps": ", ".join(f"{{ {user}@{MAILBOXES} = {user}/ }}" for user in users),
        "uid": pwd.getpwnam("mail").pw_uid,
    }
    for part in ("etc", "queue", "data", "mail"):
        (server.folder / part).mkdir()
    shutil.chown(server.folder / "data", "postfix", "postfix")
    shutil.chown(server.folder / "mail", "mail", "mail")
    ours = _of_the_guide(f"{HOST}:{door}")
    (server.folder / "etc/main.cf").write_text(ours + MAIN.format(**values))
    (server.folder / "etc/master.cf").write_text(MASTER.format(**values))


def _of_the_guide(door: str) -> str:
    """The lines that operators are told to write, with our port, and two transports more."""
    found = re.search(r"`main.cf` gets.*?```\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found
    told = found[1].replace("127.0.0.1:1026", door)
    others = f"{{ {STRANGE} = lmtp:inet:{door} }}, {{ {NOWHERE} = discard: }}"
    assert told.count(" } }") == 1
    return told.replace(" } }", f" }}, {others} }}")


def _default(name: str) -> str:
    command = [program("postconf") or "", "-d", "-h", name]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _environ() -> dict[str, str]:
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}


def _wait_for(server: Postfix, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not accepts(HOST, server.port):
        if running.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(server.log() or "Postfix does not start")
        time.sleep(0.02)
