"""What the rows say of a draft, for those who write it: read only, nothing is looked at here."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.networks.models import Network
from app.outside import judging
from app.outside.addresses import holds_password, page_of
from app.outside.judging import GONE, Standing
from app.outside.models import DomainLook, LinkLook, Record, Trouble
from app.outside.watching import domain_of
from newsletters.content import Issue as Content
from newsletters.links import places

WARNS, FINE = "wait", "ok"  # as app.issues.checks.Kind has them
Found = tuple[str, str, str, str]  # kind, where, what, field

_BROKEN = {
    Trouble.NO_ANSWER: _l("does not answer."),
    Trouble.NO_NAME: _l("leads to a name that does not exist. Look for a slip in it."),
    Trouble.CERTIFICATE: _l("has a certificate that cannot be trusted. Browsers warn of it."),
    Trouble.CIRCLES: _l("leads from one page to the next without end."),
    Trouble.PRIVATE: _l("leads into a private network, which members cannot reach."),
    Trouble.PASSWORD: _l("leads on to an address that holds a name or a password."),
    Trouble.MALFORMED: _l("leads to an address that cannot be read."),
}
_SPF = {
    Record.MISSING: _l("has no SPF record, so mail that comes from it is easily taken for spam."),
    Record.SEVERAL: _l("has several SPF records, so none of them counts. Leave one."),
    Record.OPEN: _l("has an SPF record that says nothing of other servers. End it with ~all."),
    Record.EVERYBODY: _l("has an SPF record that lets every server send. End it with ~all."),
    Record.NOBODY: _l("has an SPF record that lets no server send. Name your mail server in it."),
}
_DKIM = {
    Record.MISSING: _l("has no DKIM key in the DNS. Publish the one that docket check prints."),
    Record.DIFFERS: _l("has another DKIM key in the DNS. Publish what docket check prints."),
    Record.STRANGER: _l("is none of the sender's, so that our DKIM signature does not help."),
}
_DMARC = {
    Record.MISSING: _l("has no DMARC record. Large mailbox providers ask for one."),
    Record.SEVERAL: _l("has several DMARC records, so none of them counts. Leave one."),
    Record.UNREADABLE: _l("has a DMARC record without a policy that can be read."),
}
_MX = {Record.MISSING: _l("has no mail server (MX), so bounces do not come back.")}
_Words = Mapping[Record, object]


def findings_of(
    session: Session, content: Content, network: Network, now: datetime
) -> Iterator[Found]:
    """What nobody looked at yet is no finding; nothing of this stops a sending."""
    yield from _of_links(session, content, now)
    yield from _of_domain(session, network, now)


def _of_links(session: Session, content: Content, now: datetime) -> Iterator[Found]:
    fields: dict[str, str] = {}
    for field, address in places(content):
        if holds_password(address):
            what = _("A link holds a name or a password. Take it out.")
            yield WARNS, _("Links"), what, field
        elif page := page_of(address):
            fields.setdefault(page, field)
    rows = session.scalars(select(LinkLook).where(LinkLook.address.in_(fields)))
    looks = {row.address: row for row in rows}
    seen = [looks[page] for page in fields if page in looks]
    for row in seen:
        yield from _of_link(row, fields[row.address], now)
    fine = sum(judging.standing(row, now) is Standing.FINE for row in seen)
    if fine:
        what = ngettext("%(num)s was tried and answers.", "%(num)s were tried and answer.", fine)
        yield FINE, _("Links"), what, ""


def _of_link(row: LinkLook, field: str, now: datetime) -> Iterator[Found]:
    stands = judging.standing(row, now)
    if stands is Standing.BROKEN:
        yield WARNS, row.address, _broken(row), field
    elif stands is Standing.UNSURE and row.tries > 1:
        yield WARNS, row.address, _("has not answered so far. It is tried again."), field
    elif stands is Standing.SHUT:
        yield FINE, row.address, _("answers, though not to us. Open it once yourself."), field


def _broken(row: LinkLook) -> str:
    if row.status in GONE:
        return str(_("is not there (%(status)s).", status=row.status))
    if row.status:
        return str(_("answers with an error (%(status)s).", status=row.status))
    return str(_BROKEN[Trouble(row.trouble)])


def _of_domain(session: Session, network: Network, now: datetime) -> Iterator[Found]:
    domain = domain_of(network.from_address)
    if domain is None:
        what = _("is made up or of this house alone, so its DNS was not asked.")
        yield FINE, network.from_address.rpartition("@")[2], what, ""
        return
    row = session.scalar(select(DomainLook).where(DomainLook.domain == domain))
    if row is None or row.looked_at is None or now - row.looked_at > judging.OLD:
        return
    if row.trouble == Trouble.INBOX:
        what = _("Mail goes to the local inbox, so the DNS was not asked.")
        yield FINE, domain, what, ""
    elif row.trouble == Trouble.NO_NAME:
        yield WARNS, domain, _("does not exist, so mail from it is refused. Look for a slip."), ""
    else:
        yield from _of_records(row)


def _of_records(row: DomainLook) -> Iterator[Found]:
    kinds = (
        (row.returns_to, "SPF", row.spf, _SPF),
        (row.signs_for, "DKIM", row.dkim, _DKIM),
        (row.domain, "DMARC", row.dmarc, _DMARC),
        (row.returns_to, "MX", row.mx, _MX),
    )
    for domain, _name, verdict, words in kinds:
        if Record(verdict) in words:
            yield WARNS, domain, str(words[Record(verdict)]), ""
    if row.dkim == Record.RELAYS:
        what = _("Your mail server signs, or nobody does: its key cannot be seen from here.")
        yield FINE, "DKIM", what, ""
    if row.dmarc == Record.WATCHES:
        yield FINE, row.domain, _("has a DMARC record that only watches (p=none)."), ""
    if names := ", ".join(name for _of, name, verdict, _w in kinds if verdict == Record.FINE):
        yield FINE, row.domain, _("%(records)s: as they should be.", records=names), ""
