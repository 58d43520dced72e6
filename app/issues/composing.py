"""An issue of the database as the content of newsletters/, and what keeps it from being sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.cases.models import Addressee, AskKind, Case, CaseStatus, Sensitivity
from app.config import Settings
from app.issues.blocks import languages_of, said
from app.issues.models import Block, BlockKind, Issue, Offer
from app.media.keeping import address
from app.translating import into
from newsletters import content
from newsletters.words import day, locale_of, same

CLOSED = (CaseStatus.CLOSED, CaseStatus.STOPPED)


COPIED = (AskKind.LETTER, AskKind.EMAIL)  # of which a copy can be sent to us


@dataclass(frozen=True)
class House:
    """What every mail of this service shares: where its pages are, and whether mail comes in, so
    that copies of letters can be asked for."""

    base_url: str = ""
    takes_mail: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "House":
        return cls(settings.base_url, settings.takes_mail)


NOWHERE = House()


def content_of(
    issue: Issue, offers: Sequence[Offer], house: House = NOWHERE, language: str = ""
) -> content.Issue:
    """The issue as members with exactly these offers get it."""
    network = issue.network
    parts = _Parts(issue, offers, house, language or issue.language)
    return content.Issue(
        title=issue.title,
        subject=issue.subject,
        preview=issue.preview,
        greeting=issue.greeting,
        introduction=issue.introduction,
        closing=issue.closing,
        language=parts.language,
        network_name=network.name,
        sender_name=issue.sender_name or network.from_name,
        postal_address=network.postal_address,
        blocks=tuple(parts.block(block) for block in issue.blocks),
    )


class _Parts:
    """The blocks of one edition."""

    def __init__(self, issue: Issue, offers: Sequence[Offer], house: House, language: str) -> None:
        self.language = language
        self._issue, self._offers, self._house = issue, offers, house
        self._languages = languages_of(issue, language)
        self._translate = into(language)

    def block(self, block: Block) -> content.Block:
        key = f"block{block.id}"
        if block.case is not None:
            return self._case(key, block, block.case)
        return content.Section(
            key=key,
            kind=block.kind,
            heading=self._said(block, "heading"),
            body=self._said(block, "body"),
            facts=tuple(self._facts(block)),
            link=self._link(block),
            picture=self._picture(block),
        )

    def _said(self, block: Block, field: str) -> str:
        return said(block, field, self._languages)

    def _case(self, key: str, block: Block, case: Case) -> content.CaseBlock:
        return content.CaseBlock(
            key=key,
            people=", ".join(person.name for person in case.people) or case.title,
            place=case.place,
            heading=case.title,
            body=case.summary,
            note=self._said(block, "note"),
            wishes=case.wishes,
            developments=tuple(
                content.Development(on=development.on, text=development.text)
                for development in case.developments
            ),
            asks=tuple(
                _ask(offer, self.language, self._house.takes_mail)
                for offer in self._offers
                if offer.ask.case_id == case.id
            ),
            restricted=case.sensitivity == Sensitivity.RESTRICTED,
        )

    def _facts(self, block: Block) -> Iterator[content.Fact]:
        t = self._translate
        for field, label in (("when", same("When")), ("where", same("Where"))):
            if text := self._said(block, field):
                yield content.Fact(t(label), text)
        if counted := block.record:
            by = day(date.fromisoformat(counted["counted_on"]), self.language)
            share = t(same("%(part)s of %(whole)s, by %(day)s"))
            values = {"part": counted["acted"], "whole": counted["reached"], "day": by}
            yield content.Fact(t(same("Members who acted")), share % values)
            if counted["evidenced"]:
                yield content.Fact(
                    t(same("Of these by a copy or a reply")), str(counted["evidenced"])
                )
            if counted["letters"]:
                yield content.Fact(t(same("Letters they told of")), str(counted["letters"]))

    def _link(self, block: Block) -> content.Link | None:
        network = self._issue.network
        if block.kind == BlockKind.COLLEAGUES and network.joining_open and self._house.base_url:
            return content.Link(f"{self._house.base_url}/join/{network.code}")
        address = self._said(block, "address").strip()
        return content.Link(address, self._said(block, "label")) if address else None

    def _picture(self, block: Block) -> content.Picture | None:
        held = block.picture
        if held is None:
            return None
        alt = held.alt(self.language)
        return content.Picture(address(held, self._house.base_url), alt, held.width, held.height)


def _ask(offer: Offer, language: str, takes_mail: bool) -> content.Ask:
    ask = offer.ask
    return content.Ask(
        key=str(offer.id),
        kind=ask.kind,
        headline=ask.headline,
        why=ask.why,
        instructions=ask.instructions,
        model_text=ask.model_text,
        addressees=tuple(_addressee(addressee, language) for addressee in ask.addressees),
        deadline=ask.deadline,
        button=ask.button,
        copied=takes_mail and ask.kind in COPIED,
    )


def _addressee(addressee: Addressee, language: str) -> content.Addressee:
    salutations = addressee.salutations
    return content.Addressee(
        title=addressee.title,
        name=addressee.name,
        salutation=salutations.get(language) or next(iter(salutations.values()), ""),
        post=addressee.post,
        fax=addressee.fax,
        email=addressee.email,
        copies=tuple(addressee.copies),
    )


def merge_fields(
    name: str, profession: str | None, country: str | None, language: str
) -> dict[str, str]:
    """What the merge fields hold for a member; empty where nothing is known."""
    return {
        "name": name,
        "profession": profession or "",
        "country": _countries(language).get(country, "") if country else "",
    }


@cache
def _countries(language: str) -> dict[str, str]:
    """Their names by ISO 3166-1 code: Babel takes longer to ask than a letter takes to fill."""
    return dict(locale_of(language).territories)


def stops(issue: Issue, now: datetime) -> list[tuple[str, str]]:
    """What keeps the issue from being sent: (where, what is wrong and what to do)."""
    today = now.astimezone(ZoneInfo(issue.network.timezone)).date()
    problems = [problem for case in issue.cases if (problem := _case_problem(case))]
    for offer in issue.offers:
        if offer.ask.withdrawn_at:
            problems.append((offer.ask.headline, _("This ask was withdrawn. Take it out.")))
        if offer.ask.deadline and offer.ask.deadline < today:
            problems.append(
                (offer.ask.headline, _("Its deadline is past. Take it out or move the deadline."))
            )
    return problems


def _case_problem(case: Case) -> tuple[str, str] | None:
    if case.status in CLOSED:
        return case.title, _("This case is closed or stopped. Take it out of the issue.")
    if case.sensitivity == Sensitivity.CONFIDENTIAL:
        return case.title, _("This case is confidential and must not be mailed. Take it out.")
    return None
