"""An issue of the database as the content of newsletters/, and what keeps it from being sent."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.cases.models import Addressee, AskKind, Case, CaseStatus, Sensitivity
from app.issues.models import Issue, Offer
from newsletters import content
from newsletters.words import locale_of

CLOSED = (CaseStatus.CLOSED, CaseStatus.STOPPED)


COPIED = (AskKind.LETTER, AskKind.EMAIL)  # of which a copy can be sent to us


def content_of(issue: Issue, offers: Sequence[Offer], *, takes_mail: bool = False) -> content.Issue:
    """The issue as members with exactly these offers get it. `takes_mail`: copies can come in."""
    network = issue.network
    return content.Issue(
        title=issue.title,
        subject=issue.subject,
        preview=issue.preview,
        greeting=issue.greeting,
        introduction=issue.introduction,
        closing=issue.closing,
        language=issue.language,
        network_name=network.name,
        sender_name=issue.sender_name or network.from_name,
        postal_address=network.postal_address,
        cases=tuple(
            _case_block(
                place.case,
                [
                    _ask(offer, issue.language, takes_mail)
                    for offer in offers
                    if offer.ask.case_id == place.case_id
                ],
            )
            for place in issue.cases
        ),
    )


def _case_block(case: Case, asks: Sequence[content.Ask]) -> content.CaseBlock:
    return content.CaseBlock(
        key=str(case.id),
        people=", ".join(person.name for person in case.people) or case.title,
        place=case.place,
        heading=case.title,
        body=case.summary,
        wishes=case.wishes,
        developments=tuple(
            content.Development(on=development.on, text=development.text)
            for development in case.developments
        ),
        asks=tuple(asks),
        restricted=case.sensitivity == Sensitivity.RESTRICTED,
    )


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
    problems = [problem for place in issue.cases if (problem := _case_problem(place.case))]
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
