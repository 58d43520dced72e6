"""The pages of the picture library, and the address at which mails find a picture."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app import web
from app.clock import now
from app.errors import InvalidInput
from app.media import keeping, shrinking
from app.media.forms import PictureForm, picture_form
from app.media.keeping import Became
from app.media.models import Picture
from app.media.shrinking import Shrunk
from app.networks.models import Network
from app.staff import audit
from app.staff.access import network_or_404, networks_of
from app.staff.models import Staff

blueprint = Blueprint("media", __name__)
PAGE = 60
MOST_AT_ONCE = 30
Problem = tuple[str, str]  # the name of a file, and why it was not added
Kept = tuple[Picture, Became]


@blueprint.get("/pictures/")
@web.staff_only(*web.EDITORS)
def index() -> ResponseReturnValue:
    """The library of one network: the first of theirs where none is named."""
    code = request.args.get("network", "")
    if code:
        return _library(_network(code))
    networks = networks_of(web.session(), web.current_staff())
    return _library(networks[0] if networks else None)


@blueprint.post("/pictures/")
@web.staff_only(*web.EDITORS)
def add() -> ResponseReturnValue:
    """One or several files: the good ones are kept whatever the others are."""
    code = _network(request.form.get("network", "")).code
    web.abandon()  # pictures take their time: nobody waits for this transaction meanwhile
    good, problems = _shrunk()
    network, at = _network(code), now()
    kept = [
        keeping.keep(web.session(), network, web.current_staff(), name, one, at)
        for name, one in good
    ]
    _note(kept)
    if problems:
        return _library(network, problems, list(_told(kept))), 422
    for text in _told(kept):
        flash(text, "ok")
    if len(kept) == 1:
        return redirect(url_for("media.picture", picture_id=kept[0][0].id))
    return redirect(url_for("media.index", network=code))


@blueprint.route("/pictures/<int:picture_id>", methods=["GET", "POST"])
@web.staff_only(*web.EDITORS)
def picture(picture_id: int) -> ResponseReturnValue:
    """What it is called and what it shows."""
    held = _picture(picture_id)
    network = web.session().get_one(Network, held.network_id)
    form = picture_form(held, network.language)
    if form.validate_on_submit():
        keeping.describe(held, form.name.data or "", form.alts, now())
        staff, languages = web.current_staff(), sorted(held.alts)
        audit.record(web.session(), "picture.described", held, staff, languages=languages)
        flash(_("Saved."), "ok")
        return redirect(url_for("media.picture", picture_id=picture_id))
    return _page(held, network, form), form.http_status


@blueprint.post("/pictures/<int:picture_id>/removal")
@web.staff_only(*web.EDITORS)
def remove(picture_id: int) -> ResponseReturnValue:
    held = _picture(picture_id)
    if held.removed_at is None:
        keeping.remove(held, now())
        audit.record(web.session(), "picture.removed", held, web.current_staff())
    return redirect(url_for("media.picture", picture_id=picture_id))


@blueprint.post("/pictures/<int:picture_id>/restoration")
@web.staff_only(*web.EDITORS)
def restore(picture_id: int) -> ResponseReturnValue:
    held = _picture(picture_id)
    if held.removed_at is not None:
        keeping.restore(held)
        audit.record(web.session(), "picture.restored", held, web.current_staff())
        flash(_("It is back in the library."), "ok")
    return redirect(url_for("media.picture", picture_id=picture_id))


@blueprint.get("/p/<token>.<any(jpg, png):suffix>")
@web.public
@web.kept_for_ever
def content(token: str, suffix: str) -> ResponseReturnValue:
    """The picture itself, for whichever mail program asks: without a limit, since those of a large
    provider ask from a few addresses for all of their users."""
    held = keeping.public_or_404(web.session(), token, suffix)
    answer = Response(held.content, content_type=held.media_type)
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _library(
    network: Network | None, problems: Sequence[Problem] = (), told: Sequence[str] = ()
) -> str:
    text, show = request.args.get("text", "").strip()[:200], request.args.get("show", "")
    pictures = _shown(network, text, show) if network else []
    page = web.page_number()
    return render_template(
        "media/index.html",
        network=network,
        networks=networks_of(web.session(), web.current_staff()),
        pictures=pictures[(page - 1) * PAGE : page * PAGE],
        total=len(pictures),
        page=page,
        pages=max(1, -(-len(pictures) // PAGE)),
        text=text,
        show=show,
        problems=problems,
        told=told,
        accepted=shrinking.ACCEPTED,
        largest=min(shrinking.LARGEST_MB, web.services().settings.upload_limit_mb),
    )


def _shown(network: Network, text: str, show: str) -> list[Picture]:
    """`show`: those that are "removed" or "undescribed", else the library."""
    found = keeping.of_network(web.session(), network, text, removed=show == "removed")
    return [one for one in found if not one.usable] if show == "undescribed" else found


def _page(held: Picture, network: Network, form: PictureForm) -> str:
    return render_template(
        "media/picture.html",
        picture=held,
        network=network,
        form=form,
        uploader=web.session().get(Staff, held.uploaded_by) if held.uploaded_by else None,
        address=keeping.address(held, web.services().settings.base_url),
    )


def _shrunk() -> tuple[list[tuple[str, Shrunk]], list[Problem]]:
    """What can be kept of the files that came, and why the others cannot."""
    files = [file for file in request.files.getlist("files") if file.filename]
    good: list[tuple[str, Shrunk]] = []
    problems = list(_refusals(len(files)))
    for file in files[:MOST_AT_ONCE]:
        name = file.filename or ""
        try:
            good.append((name, shrinking.shrunk(file.read())))
        except InvalidInput as refused:
            problems.append((name, str(refused)))
    return good, problems


def _refusals(count: int) -> Iterator[Problem]:
    if not count:
        yield _("No file"), _("None was chosen. Choose one or several, and add them.")
    if count > MOST_AT_ONCE:
        text = _("Only the first %(most)s were looked at. Add the rest anew.", most=MOST_AT_ONCE)
        yield _("%(count)s files", count=count), text


def _told(kept: Sequence[Kept]) -> Iterator[str]:
    counts = {became: sum(how == became for _one, how in kept) for became in Became}
    if count := counts[Became.ADDED]:
        yield ngettext("%(num)s picture was added.", "%(num)s pictures were added.", count)
    if count := counts[Became.RESTORED]:
        yield ngettext(
            "%(num)s picture had been removed, and is back.",
            "%(num)s pictures had been removed, and are back.",
            count,
        )
    if count := counts[Became.KNOWN]:
        yield ngettext(
            "%(num)s picture was here already.", "%(num)s pictures were here already.", count
        )


def _note(kept: Sequence[Kept]) -> None:
    for held, became in kept:
        if became is not Became.KNOWN:
            staff = web.current_staff()
            audit.record(web.session(), f"picture.{became}", held, staff, bytes=held.size)


def _network(code: str) -> Network:
    return network_or_404(web.session(), web.current_staff(), code)


def _picture(picture_id: int) -> Picture:
    return keeping.picture_or_404(web.session(), web.current_staff(), picture_id)
