"""The pages of the library, and the address at which a mail program finds a picture."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from app.clock import now
from app.media import keeping, routes
from app.media.models import Picture
from app.staff.models import AuditEntry, Staff
from tests.letters.conftest import picture
from tests.media.conftest import Library

HOST = "https://docket.example.org"


def upload(client: FlaskClient, *files: tuple[str, bytes], network: str = "legal") -> TestResponse:
    fields = MultiDict([("network", network)])
    for name, content in files:
        fields.add("files", FileStorage(BytesIO(content), name))  # type: ignore[arg-type]
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post("/pictures/", data=body, content_type=kind)


def test_only_those_of_its_network_see_a_picture(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    held = library.add()
    place = f"/pictures/{held.id}"
    for who, code in (
        (("coordinator", "medical"), 404),
        (("reviewer",), 403),
        (("coordinator", "legal"), 200),
        (("admin",), 200),
    ):
        enter(*who)
        for method, path in (
            ("GET", "/pictures/?network=legal"),
            ("GET", place),
            ("POST", place),
            ("POST", f"{place}/removal"),
            ("POST", f"{place}/restoration"),
        ):
            got = client.open(path, method=method).status_code
            assert got in ({302, 422} if code == 200 and method == "POST" else {code}), (who, path)
        assert (upload(client, ("a.jpg", picture())).status_code == 302) == (code == 200)
    assert len(library.pictures()) == 1


def test_an_empty_library_says_what_to_do(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    enter("coordinator", "legal")
    page = client.get("/pictures/").text
    assert "No picture yet" in page
    assert "Add pictures" in page
    assert "Medical Network" not in page
    enter("coordinator")
    page = client.get("/pictures/").text
    assert "No network yet" in page
    assert "Add pictures" not in page


def test_the_place_is_in_the_navigation_after_letters(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    enter("coordinator", "legal")
    page = client.get("/pictures/").text
    assert '<a href="/pictures/" aria-current="page">Pictures</a>' in page
    assert page.index('href="/letters/"') < page.index('href="/pictures/"')
    enter("reviewer")
    assert "/pictures/" not in client.get("/reports/").text


def test_one_picture_that_is_added_leads_to_its_description(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    somebody = enter("coordinator", "legal")
    answer = upload(client, ("vigil.jpg", picture(size=(2000, 1000))))
    (held,) = library.pictures()
    assert answer.headers["Location"] == f"/pictures/{held.id}"
    assert held.uploaded_by == somebody.id
    page = client.get(f"/pictures/{held.id}").text
    assert "1 picture was added." in page
    assert "It needs an alt text" in page
    assert "Petra Lindqvist" in page
    assert "1200 × 600 pixels" in page
    assert f"{HOST}/p/{held.token}.jpg" in page


def test_bad_files_are_named_with_their_reasons_and_good_ones_are_kept(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    enter("coordinator", "legal")
    answer = upload(
        client,
        ("notes.txt", b"Dear Minister"),
        ("vigil.jpg", picture()),
        ("<b>cut.jpg", picture(size=(400, 300))[:900]),
        ("<i>candles.png", picture("PNG", mode="RGBA")),
        ("nothing.png", b""),
    )
    assert answer.status_code == 422
    page = answer.text
    assert "2 pictures were added." in page
    for name, why in (
        ("notes.txt", "This is no picture that a mail can show"),
        ("&lt;b&gt;cut.jpg", "This picture is damaged"),
        ("nothing.png", "The file is empty"),
    ):
        assert f"<bdi>{name}</bdi></strong>: {why}" in page
    assert [held.name for held in library.pictures()] == ["vigil", "<i>candles"]
    assert library.audited() == ["picture.added", "picture.added"]
    assert "notes" not in client.get("/pictures/").text


def test_several_good_ones_lead_back_to_the_library(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    enter("admin")
    files = [(f"{number}.jpg", picture(size=(60 + number, 40))) for number in range(3)]
    answer = upload(client, *files, network="medical")
    assert answer.headers["Location"] == "/pictures/?network=medical"
    assert "3 pictures were added." in client.get("/pictures/?network=medical").text
    assert "No picture yet" in client.get("/pictures/?network=legal").text


def test_the_same_file_again_is_said_to_be_here_and_one_that_was_removed_is_back(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    enter("admin")
    upload(client, ("vigil.jpg", picture()))
    upload(client, ("again.jpg", picture()))
    (held,) = library.pictures()
    assert "1 picture was here already." in client.get(f"/pictures/{held.id}").text
    client.post(f"/pictures/{held.id}/removal")
    upload(client, ("again.jpg", picture()))
    assert "1 picture had been removed, and is back." in client.get(f"/pictures/{held.id}").text
    assert library.audited() == ["picture.added", "picture.removed", "picture.restored"]


def test_no_file_and_too_many_are_told(
    client: FlaskClient,
    library: Library,
    enter: Callable[..., Staff],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enter("admin")
    for files in ([], [("", b"")]):
        answer = upload(client, *files)
        assert answer.status_code == 422
        assert "None was chosen" in answer.text
    monkeypatch.setattr(routes, "MOST_AT_ONCE", 2)
    several = [(f"{number}.jpg", picture(size=(60 + number, 40))) for number in range(3)]
    answer = upload(client, *several)
    assert "Only the first 2 were looked at" in answer.text
    assert "2 pictures were added." in answer.text
    assert len(library.pictures()) == 2


def test_nothing_is_added_to_a_network_that_is_not_theirs_or_not_named(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    enter("coordinator", "legal")
    for code in ("medical", "nowhere", ""):
        assert upload(client, ("vigil.jpg", picture()), network=code).status_code == 404
    assert not library.pictures()


def test_the_library_shows_what_each_picture_needs(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    bare = library.add(name="bare.jpg")
    told = library.add(picture("PNG", (2000, 1000), mode="RGBA"), "told.png", en="Candles.")
    library.add(picture(size=(61, 40)), "both.jpg", en="A door.", fr="Une porte.")
    enter("coordinator", "legal")
    page = client.get("/pictures/?network=legal").text
    assert "3 pictures, newest first" in page
    assert page.count("badge-wait") == 1
    assert f'href="/pictures/{bare.id}"' in page
    assert f'src="/p/{told.token}.png" alt="" width="1200" height="600" loading="lazy"' in page
    assert '<span lang="en" dir="auto">Candles.</span>' in page
    assert '<span class="soft">French:</span> <span lang="fr" dir="auto">Une porte.' in page


def test_the_library_is_searched_by_name_and_by_state(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    library.add(name="candles.jpg", en="Candles.")
    bare = library.add(picture(size=(61, 40)), "door.jpg")
    gone = library.add(picture(size=(62, 40)), "gone.jpg", en="A road.")
    enter("coordinator", "legal")
    client.post(f"/pictures/{gone.id}/removal")

    def names(query: str) -> list[str]:
        page = client.get(f"/pictures/?network=legal&{query}").text
        return [name for name in ("candles", "door", "gone") if f"<bdi>{name}</bdi>" in page]

    assert names("") == ["candles", "door"]
    assert names("text=CAND") == ["candles"]
    assert names("show=undescribed") == [bare.name]
    assert names("show=removed") == ["gone"]
    assert names("show=nonsense&page=0") == ["candles", "door"]
    assert names("page=2") == []
    assert "No picture found" in client.get("/pictures/?text=nothing").text


def test_a_long_library_has_pages(
    client: FlaskClient,
    library: Library,
    enter: Callable[..., Staff],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routes, "PAGE", 2)
    for number in range(3):
        library.add(picture(size=(60 + number, 40)), f"n{number}.jpg")
    enter("admin")
    page = client.get("/pictures/?network=legal").text
    assert "Page 1 of 2" in page
    assert "<bdi>n0</bdi>" not in page
    assert "<bdi>n0</bdi>" in client.get("/pictures/?network=legal&page=2").text


def test_staff_say_what_a_picture_shows(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    held = library.add(fr="Des bougies.")
    enter("coordinator", "legal")
    place = f"/pictures/{held.id}"
    page = client.get(place).text
    assert "Alt text in English" in page
    assert "Alt text in French" in page
    assert 'value="Des bougies."' in page
    said = {
        "name": "A vigil",
        "alt-en": "Candles.",
        "alt-fr": "",
        "language": "de",
        "more": "Licht.",
    }
    assert client.post(place, data=said).status_code == 302
    (held,) = library.pictures()
    assert (held.name, held.alts) == ("A vigil", {"en": "Candles.", "de": "Licht."})
    page = client.get(place).text
    assert "Saved." in page
    assert 'alt="Candles."' in page
    assert "Alt text in German" in page
    with library.database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.detail) == ("picture.described", {"languages": ["de", "en"]})


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"name": ""}, "Give the picture a name."),
        ({"name": "x" * 121}, "Field cannot be longer than 120 characters."),
        ({"name": "A", "alt-en": "x" * 301}, "Field cannot be longer than 300 characters."),
        ({"name": "A", "alt-en": "two\nlines"}, "This must be a single line."),
        ({"name": "A", "more": "Licht."}, "Say in which language this is."),
        ({"name": "A", "language": "tlh", "more": "Licht."}, "Not a valid choice."),
    ],
)
def test_what_cannot_be_said_is_told_and_nothing_changes(
    client: FlaskClient,
    library: Library,
    enter: Callable[..., Staff],
    said: dict[str, str],
    told: str,
) -> None:
    held = library.add(en="Candles.")
    enter("admin")
    answer = client.post(f"/pictures/{held.id}", data=said)
    assert answer.status_code == 422
    assert told in answer.text
    (after,) = library.pictures()
    assert (after.name, after.alts) == ("vigil", {"en": "Candles."})
    assert library.audited() == []


def test_a_picture_is_removed_and_put_back(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    held = library.add(en="Candles.")
    enter("coordinator", "legal")
    place = f"/pictures/{held.id}"
    for _time in range(2):
        assert client.post(f"{place}/removal").headers["Location"] == place
    page = client.get(place).text
    assert "Removed from the library" in page
    assert "Put it back" in page
    assert "Remove the picture" not in page
    for _time in range(2):
        client.post(f"{place}/restoration")
    page = client.get(place).text
    assert "It is back in the library." in page
    assert "can be used" in page
    assert library.audited() == ["picture.removed", "picture.restored"]


def test_a_mail_program_gets_the_picture_without_a_cookie_and_may_keep_it(
    client: FlaskClient, library: Library
) -> None:
    for content, suffix, kind in (
        (picture(), "jpg", "image/jpeg"),
        (picture("PNG", mode="RGBA"), "png", "image/png"),
    ):
        held = library.add(content)
        with library.database.reading() as session:
            kept = session.get_one(Picture, held.id).content
        answer = client.get(f"/p/{held.token}.{suffix}", base_url=HOST)
        assert answer.status_code == 200
        assert answer.data == kept
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Length"] == str(held.size)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")
        head = client.head(f"/p/{held.token}.{suffix}", base_url=HOST)
        assert (head.status_code, head.data) == (200, b"")


def test_the_address_of_staff_who_are_signed_in_is_the_same_as_anybodys(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    held = library.add()
    enter("reviewer")
    answer = client.get(f"/p/{held.token}.jpg", base_url=HOST)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_old_mails_show_a_picture_that_was_removed(client: FlaskClient, library: Library) -> None:
    held = library.add(en="Candles.")
    with library.database.writing() as session:
        keeping.remove(session.get_one(Picture, held.id), now())
    assert client.get(f"/p/{held.token}.jpg").status_code == 200


def test_an_unknown_address_is_nothing_that_anybody_may_keep(
    client: FlaskClient, library: Library
) -> None:
    held = library.add()
    for path in (
        f"/p/{held.token}.png",
        f"/p/{held.token}",
        f"/p/{held.token}.gif",
        f"/p/{held.token.upper()}.jpg",
        f"/p/{held.token[:-1]}.jpg",
        f"/p/{held.id}.jpg",
        "/p/.jpg",
    ):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["Cache-Control"] == "no-store"


def test_other_pages_are_still_kept_by_nobody(
    client: FlaskClient, library: Library, enter: Callable[..., Staff]
) -> None:
    held = library.add()
    enter("admin")
    for path in ("/pictures/", f"/pictures/{held.id}", "/sign-in"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
