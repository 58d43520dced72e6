"""The pages of preferences: asking for the link, the page behind it, and a change of address.

Nobody signs in: a link that was mailed within the day stands for the mailbox. No page shows a name
or an address, and who asks by an address learns nothing of it.
"""

from dataclasses import dataclass, field

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import web
from app.clock import now
from app.errors import Refused
from app.extensions import limiter, without_csrf
from app.inbound import leaving
from app.links import Purpose
from app.networks import histories, joining
from app.networks.addresses import check_address
from app.networks.models import Member
from app.preferences import asking, changing, choosing
from app.preferences.forms import (
    AddressForm,
    AskForm,
    NetworkForm,
    Sealed,
    languages_form,
    languages_in,
    prefix,
)
from app.staff import audit

blueprint = Blueprint("preferences", __name__)
BROKEN = "preferences/broken.html"


@dataclass
class Sight:
    """The page of one member, with what was just said to it."""

    member: Member
    token: str
    networks: list[NetworkForm]
    languages: Sealed
    address: AddressForm
    said: list[str] = field(default_factory=list)
    wrong: str = ""

    @property
    def errors(self) -> bool:
        return any(form.errors for form in (*self.networks, self.languages, self.address))


@blueprint.route("/preferences", methods=["GET", "POST"])
@web.public
@limiter.limit(lambda: web.services().settings.public_limit)
def ask() -> ResponseReturnValue:
    form = AskForm()
    if not form.validate_on_submit():
        return render_template("preferences/ask.html", form=form), form.http_status
    address = check_address(form.email.data or "")
    asking.mail_link(web.session(), web.services(), address, now())
    # The same words whether the address is known or not: this page must not tell who is a member.
    return render_template("preferences/asked.html")


@blueprint.route("/preferences/<token:token>", methods=["GET", "POST"])
@web.public
@without_csrf  # the signed link and the form's seal are its tokens; members have no cookie
@limiter.limit(lambda: web.services().settings.public_limit)
def show(token: str) -> ResponseReturnValue:
    notice_id, member_id = web.ids_behind(token, Purpose.PREFERENCES, BROKEN)
    member = asking.member_behind(web.session(), notice_id, member_id, now())
    if member is None:
        return render_template(BROKEN, why="expired"), 410
    if request.method != "POST":
        return _page(_sight(member, token))
    web.refuse_other_sites(BROKEN)
    if web.services().links.read_seal(token, request.form.get("seal", "")) is None:
        sight = _sight(member, token)
        sight.wrong = _("Nothing was saved: that did not come from this page. Press once more.")
        return _page(sight, 400)
    return _pressed(member, token)


def _pressed(member: Member, token: str) -> ResponseReturnValue:
    match request.form.get("do"):
        case "save":
            return _save(member, token)
        case "address":
            return _change_address(member, token)
        case "withdraw":
            said = _withdraw(member)
        case "rejoin":
            said = _rejoin(member)
        case "mail":
            said = _take_mail_again(member)
        case "all":
            said = _leave_all(member)
        case _:
            said = []
    return _page(_sight(member, token, said))


def _save(member: Member, token: str) -> ResponseReturnValue:
    """All or nothing. A network that the form did not know stays as it is."""
    sight = _sight(member, token, posted=True)
    named = [
        form for form in sight.networks if prefix(form.membership) + "standing" in request.form
    ]
    if wrong := [form for form in (*named, sight.languages) if not form.validate()]:
        return _page(sight, wrong[0].http_status)
    session = web.session()
    for form in named:
        if choosing.choose(session, form.membership, form.choice, now()):
            action = "membership.left" if form.choice.leaves else "membership.paced"
            audit.record(session, action, form.membership, None, by=choosing.SOURCE)
    if choosing.set_languages(member, languages_in(sight.languages), now()):
        audit.record(session, "member.languages_changed", member, None, by=choosing.SOURCE)
    said = _("Saved. It holds from now on, also for mail that waits.")
    return _page(_sight(member, token, [said]))


def _change_address(member: Member, token: str) -> ResponseReturnValue:
    sight = _sight(member, token)
    sight.address = form = AddressForm()
    network = asking.sender_for(web.session(), member.id)
    if network is None or not form.validate():
        return _page(sight, 422)
    address = check_address(form.email.data or "")
    try:
        change = changing.ask(web.session(), web.services(), member, network, address, now())
    except Refused as error:
        form.refused("email", error)
        return _page(sight, error.status)
    audit.record(web.session(), "address.change_asked_for", change, None)
    return _page(_sight(member, token, [_("Now look into both mailboxes: each got a mail.")]))


def _withdraw(member: Member) -> list[str]:
    change = changing.open_change(web.session(), member, now())
    if change and changing.withdraw(web.session(), change, now()):
        audit.record(web.session(), "address.change_withdrawn", change, None)
    return [_("Your address stays as it is.")]


def _rejoin(member: Member) -> list[str]:
    wanted = request.form.get("membership", "")
    for left in choosing.may_rejoin(web.session(), member):
        if str(left.id) == wanted:
            again = choosing.rejoin(web.session(), left, now())
            audit.record(web.session(), "membership.confirmed", again, None, by=choosing.SOURCE)
            return [_("You are a member of %(network)s again.", network=left.network.name)]
    return []


def _take_mail_again(member: Member) -> list[str]:
    if choosing.take_mail_again(web.session(), member, now()):
        audit.record(web.session(), "suppression.lifted", member, None, by=choosing.SOURCE)
    return [_("Mail comes to you again.")]


def _leave_all(member: Member) -> list[str]:
    for left in leaving.leave_all(web.session(), member, now(), choosing.SOURCE):
        audit.record(web.session(), "membership.left", left, None, by=choosing.SOURCE)
    return [_("You have left all networks. No further mail comes.")]


def _sight(
    member: Member, token: str, said: list[str] | None = None, *, posted: bool = False
) -> Sight:
    values = {} if posted else {"formdata": None}
    current = choosing.current(web.session(), member)
    web.session().refresh(member)
    return Sight(
        member=member,
        token=token,
        networks=[NetworkForm(membership, **values) for membership in current],
        languages=languages_form(choosing.languages_of(member), **values),
        address=AddressForm(formdata=None),
        said=said or [],
    )


def _page(sight: Sight, status: int = 200) -> ResponseReturnValue:
    session, member = web.session(), sight.member
    session.flush()  # what was just done is asked for here
    left = choosing.may_rejoin(session, member)
    page = render_template(
        "preferences/show.html",
        sight=sight,
        seal=web.services().links.seal(sight.token, follows=request.method == "POST"),
        left=[(one, joining.consent_wording(one.network)) for one in left],
        suppressed=histories.is_suppressed(session, member.email_key),
        for_good=histories.wants_none(session, member.email_key),
        change=changing.open_change(session, member, now()),
    )
    return page, status
