"""What staff see and add: who answered what, evidence for it, answers that came another way."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from app import web
from app.clock import now
from app.delivery.models import Delivery, DeliveryState
from app.errors import InvalidInput, NotFound
from app.issues.models import Issue, Offer
from app.networks.models import Member
from app.responses import answering, reviewing, suspects
from app.responses.answering import Source
from app.responses.drawing import choices
from app.responses.forms import AnswerForm, EvidenceForm
from app.responses.models import Answer, Channel, Grade, Response, Verdict
from app.staff import audit
from app.staff.models import Staff

blueprint = Blueprint("reviewing", __name__)
PAGE = 50


@blueprint.get("/issues/<int:issue_id>/responses")
@web.staff_only(*web.EDITORS)
def index(issue_id: int) -> ResponseReturnValue:
    """Members of a sent issue with what they said, a page at a time."""
    issue = _issue(issue_id)
    text = request.args.get("text", "").strip()[:200]
    page = web.page_number()
    wanted = (
        select(Delivery)
        .join(Member, Member.id == Delivery.member_id)
        .where(Delivery.issue_id == issue.id)
        .where(
            Member.name.icontains(text, autoescape=True)
            | Member.email.icontains(text, autoescape=True)
        )
    )
    total = web.session().scalar(select(func.count()).select_from(wanted.subquery())) or 0
    deliveries = web.session().scalars(
        wanted.order_by(Member.name, Delivery.id).limit(PAGE).offset((page - 1) * PAGE)
    )
    rows = [
        (one, reviewing.newest(web.session(), one.id), suspects.doubted(web.session(), one.id))
        for one in deliveries
    ]
    return render_template(
        "responses/index.html",
        issue=issue,
        rows=rows,
        total=total,
        text=text,
        page=page,
        pages=max(1, -(-total // PAGE)),
    )


@blueprint.get("/issues/<int:issue_id>/responses/<int:delivery_id>")
@web.staff_only(*web.EDITORS)
def show(issue_id: int, delivery_id: int) -> ResponseReturnValue:
    """One member's history for each ask, append-only, and the forms that add to it."""
    return _page(_delivery(_issue(issue_id), delivery_id), 200)


@blueprint.post("/issues/<int:issue_id>/responses/<int:delivery_id>/<int:offer_id>")
@web.staff_only(*web.EDITORS)
def add(issue_id: int, delivery_id: int, offer_id: int) -> ResponseReturnValue:
    """An answer that came by telephone or post, or evidence, by the button that was pressed."""
    delivery, staff = _delivery(_issue(issue_id), delivery_id), web.current_staff()
    offer = next((offer for offer in delivery.edition.offers if offer.id == offer_id), None)
    if offer is None:
        raise NotFound(_("This member was not asked that."))
    if request.form.get("do") == "evidence":
        _add_evidence(delivery, offer, staff)
    else:
        _enter_answer(delivery, offer, staff)
    flash(_("Recorded."), "ok")
    return redirect(url_for("reviewing.show", issue_id=issue_id, delivery_id=delivery_id))


@blueprint.get("/issues/<int:issue_id>/suspects")
@web.staff_only(*web.EDITORS)
def doubted(issue_id: int) -> ResponseReturnValue:
    """Answers that may be a robot's and that nothing has settled."""
    issue = _issue(issue_id)
    waiting = suspects.waiting(suspects.of_issue(web.session(), issue.id))
    page, pages = web.page_number(), max(1, -(-len(waiting) // PAGE))
    return render_template(
        "responses/suspects.html",
        issue=issue,
        total=len(waiting),
        waiting=waiting[(page - 1) * PAGE : page * PAGE],
        page=page,
        pages=pages,
    )


@blueprint.post("/issues/<int:issue_id>/suspects/<int:response_id>")
@web.staff_only(*web.EDITORS)
def resolve(issue_id: int, response_id: int) -> ResponseReturnValue:
    """Accept it, or set it aside; what stands open before it goes with it."""
    issue, row = _issue(issue_id), web.session().get(Response, response_id)
    if row is None or row.delivery.issue_id != issue.id or row.suspect is None:
        raise NotFound(_("There is no such suspect answer."))
    verdict = Verdict.ACCEPTED if request.form.get("do") == "accept" else Verdict.SET_ASIDE
    answering.lock(web.driver(), (row.delivery_id, row.offer_id))
    count = suspects.resolve(web.session(), row, verdict, web.current_staff(), now())
    if count:
        detail = {"answer": row.answer, "why": row.suspect, "rows": count}
        audit.record(web.session(), f"suspect.{verdict.value}", row, web.current_staff(), **detail)
        flash(_("Accepted: it counts.") if verdict == Verdict.ACCEPTED else _("Set aside."), "ok")
    else:
        flash(_("It was settled already."), "info")
    if request.form.get("from") == "member":
        where = url_for("reviewing.show", issue_id=issue_id, delivery_id=row.delivery_id)
    else:
        where = url_for("reviewing.doubted", issue_id=issue_id)
    return redirect(where)


def _page(delivery: Delivery, status: int) -> ResponseReturnValue:
    page = render_template(
        "responses/show.html",
        delivery=delivery,
        issue=delivery.issue,
        history=reviewing.history(web.session(), delivery.id),
        evidence=reviewing.evidence(web.session(), delivery.id),
        suspects=suspects.of_delivery(web.session(), delivery.id),
        form=EvidenceForm(formdata=None),
        answers=choices("other", ""),
        reached=delivery.state == DeliveryState.SENT,
    )
    return page, status


def _add_evidence(delivery: Delivery, offer: Offer, staff: Staff) -> None:
    """Evidence says that it was done: where the member has not said so, staff say it here."""
    form = EvidenceForm()
    _require(form)
    held = answering.newest(web.driver(), (delivery.id, offer.id))
    if held is None or held.answer not in (Answer.DONE, Answer.ALREADY):
        _record(delivery, offer, staff, Answer.DONE, answering.Details())
    grade, note = Grade(form.grade.data), form.note.data or ""
    added = reviewing.add_evidence(web.session(), delivery, offer, grade, note, staff, now())
    audit.record(web.session(), "evidence.added", added, staff, grade=added.grade)


def _enter_answer(delivery: Delivery, offer: Offer, staff: Staff) -> None:
    form = AnswerForm()
    _require(form)
    _record(delivery, offer, staff, Answer(form.answer.data or ""), form.details())


def _record(
    delivery: Delivery, offer: Offer, staff: Staff, answer: Answer, details: answering.Details
) -> None:
    ids, source = (delivery.id, offer.id), Source(Channel.STAFF, staff.id)
    answering.lock(web.driver(), ids)
    newest = answering.newest(web.driver(), ids)
    said = answering.record(web.driver(), ids, newest, answer, details, now(), source)
    row = web.session().get_one(Response, said.id)
    audit.record(web.session(), "response.entered", row, staff, answer=said.answer)


def _require(form: AnswerForm | EvidenceForm) -> None:
    if not form.validate():
        problems = [
            (form[name].label.text, " ".join(map(str, e))) for name, e in form.errors.items()
        ]
        raise InvalidInput(_("Nothing was recorded."), problems)


def _issue(issue_id: int) -> Issue:
    issue = web.session().get(Issue, issue_id)
    if issue is None or not web.is_theirs(issue.network_id) or issue.frozen_at is None:
        raise NotFound(_("This issue was not sent, or belongs to a network that is not yours."))
    return issue


def _delivery(issue: Issue, delivery_id: int) -> Delivery:
    delivery = web.session().get(Delivery, delivery_id)
    if delivery is None or delivery.issue_id != issue.id:
        raise NotFound(_("This issue did not go to such a member."))
    return delivery
