"""A network's pictures: each file once, described, taken out and put back."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import InvalidInput, NotFound
from app.media import keeping, shrinking
from app.media.keeping import Became
from app.media.models import Picture
from tests import personas
from tests.letters.conftest import picture
from tests.media.conftest import Library


def test_a_picture_has_a_name_an_address_and_what_can_be_seen(library: Library) -> None:
    added = library.add(picture(size=(2400, 1600)), "C:\\Ilse\\A vigil\t at dusk.jpeg")
    assert added.name == "A vigil at dusk"
    assert (added.media_type, added.width, added.height) == ("image/jpeg", 1200, 800)
    with library.database.reading() as session:
        held = session.get_one(Picture, added.id)
        assert len(held.content) == held.size
        assert held.content == shrinking.shrunk(picture(size=(2400, 1600))).content
    address = keeping.address(added, "https://docket.example.org")
    assert address == f"https://docket.example.org/p/{added.token}.jpg"
    assert len(added.token) >= 22
    assert added.token == added.token.lower()
    assert added.token != library.add(picture("PNG")).token


@pytest.mark.parametrize("filename", ["", ".", "../..", "\0\r\n.png", "x" * 500 + ".png"])
def test_whatever_a_file_is_called_its_picture_has_a_name(library: Library, filename: str) -> None:
    name = library.add(name=filename).name
    assert 0 < len(name) <= keeping.LONGEST_NAME
    assert name.isprintable()


def test_the_same_file_twice_is_one_picture_and_comes_back_as_it_was(
    session: Session, library: Library
) -> None:
    shrunk = shrinking.shrunk(picture())
    first, became = keeping.keep(session, library.legal, None, "vigil.jpg", shrunk, now())
    keeping.describe(first, "A vigil", {"en": "Two people hold candles."}, now())
    token = first.token
    assert became is Became.ADDED
    same = keeping.keep(session, library.legal, None, "other.jpg", shrunk, now())
    assert same == (first, Became.KNOWN)
    keeping.remove(first, now())
    back = keeping.keep(session, library.legal, None, "other.jpg", shrunk, now())
    assert back == (first, Became.RESTORED)
    assert (first.name, first.removed_at, first.token) == ("A vigil", None, token)
    assert keeping.usable(session, library.legal) == [first]


def test_the_same_file_at_the_same_time_is_one_picture(library: Library) -> None:
    shrunk, barrier, failed = shrinking.shrunk(picture()), Barrier(4), []

    def keep() -> None:
        barrier.wait()
        try:
            with library.database.writing() as session:
                keeping.keep(session, library.legal, None, "vigil.jpg", shrunk, now())
        except Exception as error:
            failed.append(error)

    threads = [Thread(target=keep) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(library.pictures()) == 1


def test_another_network_has_the_same_file_as_a_picture_of_its_own(
    session: Session, library: Library
) -> None:
    ours = keeping.add(session, library.legal, None, "vigil.jpg", picture(), now())
    theirs = keeping.add(session, library.medical, None, "vigil.jpg", picture(), now())
    assert ours.token != theirs.token
    assert keeping.of_network(session, library.legal) == [ours]
    assert keeping.of_network(session, library.medical) == [theirs]


def test_who_added_it_is_known(session: Session, library: Library) -> None:
    ilse = personas.staff(session)
    added = keeping.add(session, library.legal, ilse, "vigil.jpg", picture(), now())
    assert added.uploaded_by == ilse.id


def test_without_an_alt_text_a_picture_is_in_the_library_and_not_usable(
    session: Session, library: Library
) -> None:
    added = keeping.add(session, library.legal, None, "vigil.jpg", picture(), now())
    assert keeping.of_network(session, library.legal) == [added]
    assert not added.usable
    assert not keeping.usable(session, library.legal)
    keeping.describe(added, "A vigil", {"en": " Two people hold candles. ", "fr": "  "}, now())
    assert added.alts == {"en": "Two people hold candles."}
    assert keeping.usable(session, library.legal) == [added]
    keeping.describe(added, "A vigil", {"en": ""}, now())
    assert not keeping.usable(session, library.legal)


def test_an_alt_text_is_in_the_language_or_its_base_or_any() -> None:
    shown = Picture(alts={"pt": "Velas", "en": "Candles", "pt-BR": "Velas acesas"})
    assert shown.alt("pt-BR") == "Velas acesas"
    assert shown.alt("pt-PT") == "Velas"
    assert shown.alt("fr") == "Candles"
    assert Picture(alts={}).alt("en") == ""


@pytest.mark.parametrize("wrong", ["two\nlines", "a\u2028b", "x" * 301, "a\0b"])
def test_an_alt_text_is_one_short_line(session: Session, library: Library, wrong: str) -> None:
    added = keeping.add(session, library.legal, None, "vigil.jpg", picture(), now())
    with pytest.raises(InvalidInput) as refused:
        keeping.describe(added, "A vigil", {"en": "Fine.", "fr": wrong}, now())
    assert [where for where, _what in refused.value.problems] == ["fr"]
    assert (added.name, added.alts, added.described_at) == ("vigil", {}, None)
    keeping.describe(added, "A vigil", {"en": "x" * 300}, now())


@pytest.mark.parametrize("name", ["", " \t", "x" * 121])
def test_a_picture_keeps_a_name(session: Session, library: Library, name: str) -> None:
    added = keeping.add(session, library.legal, None, "vigil.jpg", picture(), now())
    with pytest.raises(InvalidInput):
        keeping.describe(added, name, {}, now())
    assert added.name == "vigil"


def test_what_is_removed_is_out_of_the_library_until_it_is_restored(
    session: Session, library: Library
) -> None:
    added = keeping.add(session, library.legal, None, "vigil.jpg", picture(), now())
    keeping.describe(added, "A vigil", {"en": "Candles."}, now())
    keeping.remove(added, now())
    assert not keeping.usable(session, library.legal)
    assert not keeping.of_network(session, library.legal)
    assert keeping.of_network(session, library.legal, removed=True) == [added]
    assert keeping.public_or_404(session, added.token, "jpg") == added
    first = added.removed_at
    keeping.remove(added, now())
    assert added.removed_at == first
    keeping.restore(added)
    assert keeping.usable(session, library.legal) == [added]


def test_a_picture_is_found_by_a_part_of_its_name_the_newest_first(
    session: Session, library: Library
) -> None:
    names = ("Vigil in Port Halden", "100% cotton", "vigil, again")
    for number, name in enumerate(names):
        content = picture(size=(60 + number, 40))
        keeping.add(session, library.legal, None, f"{name}.jpg", content, now())

    def found(text: str) -> list[str]:
        return [one.name for one in keeping.of_network(session, library.legal, text)]

    assert found("") == list(reversed(names))
    assert found("VIGIL") == ["vigil, again", "Vigil in Port Halden"]
    assert found("%") == ["100% cotton"]
    assert found("nothing") == []


def test_a_picture_of_a_network_that_is_not_theirs_does_not_exist(
    session: Session, library: Library
) -> None:
    added = keeping.add(session, library.legal, None, "vigil.jpg", picture(), now())
    ours = personas.staff(session, "coordinator", [library.legal])
    other = personas.staff(session, "coordinator", [library.medical])
    assert keeping.picture_or_404(session, ours, added.id) == added
    for staff, number in ((other, added.id), (ours, added.id + 1)):
        with pytest.raises(NotFound):
            keeping.picture_or_404(session, staff, number)


def test_a_list_of_pictures_leaves_their_bytes_where_they_are(
    session: Session, library: Library
) -> None:
    library.add()
    (listed,) = keeping.of_network(session, library.legal)
    assert "content" not in listed.__dict__
    assert session.scalars(select(Picture.size)).one() == listed.size
