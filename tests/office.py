"""A network whose lists are imported, step by step as the pages and the command do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.clock import now
from app.db import Database
from app.importing import applying, runs, staging
from app.importing.models import ImportRow, ImportRun, ImportState
from app.networks.models import Invitation, Member, Membership, Network
from app.networks.profiles import profile_of
from tests import personas

SHEET = "sign-up sheet 2026"


@dataclass(frozen=True)
class Office:
    database: Database
    network: Network

    def plan(
        self, content: str | bytes, consent: str | None = SHEET, filename: str = "list.csv"
    ) -> ImportRun:
        """Upload the file, take the columns as guessed, and read it."""
        data = content.encode() if isinstance(content, str) else content
        with self.database.writing() as session:
            network = session.get_one(Network, self.network.id)
            run = runs.start(session, network, None, runs.look(filename, data), consent)
            runs.choose_columns(run, {int(c): field for c, field in run.mapping.items()})
        staging.read(self.database, run.id)
        return self.run(run.id)

    def apply(self, run: ImportRun) -> dict[str, int]:
        with self.database.writing() as session:
            return applying.apply(session, session.get_one(ImportRun, run.id), now())

    def bring_in(self, content: str | bytes, consent: str | None = SHEET) -> dict[str, int]:
        run = self.plan(content, consent)
        assert run.state == ImportState.PLANNED, run.error
        return self.apply(run)

    def last_run(self) -> ImportRun:
        return self.all_of(ImportRun)[-1]

    def run(self, run_id: int) -> ImportRun:
        with self.database.reading() as session:
            return session.get_one(ImportRun, run_id)

    def rows(self, run: ImportRun) -> list[ImportRow]:
        with self.database.reading() as session:
            wanted = select(ImportRow).where(ImportRow.run_id == run.id)
            return list(session.scalars(wanted.order_by(ImportRow.line)))

    def verdicts(self, run: ImportRun) -> list[str]:
        return [row.verdict for row in self.rows(run)]

    def profiles(self) -> dict[str, dict[str, Any]]:
        """What is said of each person, whatever their standing."""
        with self.database.reading() as session:
            notes = {
                held.member_id: {"notes": held.notes}
                for held in session.scalars(select(Membership))
                if held.network_id == self.network.id
            }
            return {
                member.email: profile_of(member) | notes.get(member.id, {})
                for member in session.scalars(select(Member))
            }

    def current(self) -> list[str]:
        """The addresses of the network's members."""
        with self.database.reading() as session:
            wanted = select(Member.email).join(Membership)
            here = wanted.where(
                Membership.network_id == self.network.id, Membership.ended_at.is_(None)
            )
            return sorted(session.scalars(here))

    def all_of(self, model: type[Any]) -> Sequence[Any]:
        with self.database.reading() as session:
            return session.scalars(select(model).order_by(model.id)).all()

    def invitations(self) -> list[Invitation]:
        return list(self.all_of(Invitation))

    def member(self, name: str = "Ada Quill", email: str = "ada@example.org", **said: Any) -> int:
        """Somebody who is there before the import."""
        with self.database.writing() as session:
            network = session.get_one(Network, self.network.id)
            return int(personas.member(session, network, name, email, **said).id)
