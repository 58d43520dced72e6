"""The members of the example: names that belong to nobody, spread over professions and places."""

from collections.abc import Iterator
from dataclasses import dataclass

GIVEN = (
    "Ada", "Bruno", "Celeste", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kaya",
    "Leila", "Milan", "Noor", "Oskar", "Paloma", "Quentin", "Rosa", "Samir", "Thea", "Umar",
    "Vera", "Wanda", "Xenia", "Yann", "Zora",
)  # fmt: skip
FAMILY = (
    "Quillfeather", "Brambleton", "Castellane", "Duskwater", "Emberlin", "Fairweather", "Glasswick",
    "Hollowell", "Inkpen", "Juniperus", "Kestrelmann", "Larkspur", "Merriwold", "Nightingall",
    "Oakhaven", "Pennyroyal", "Quicksilver", "Rookwood", "Silverthorne",
)  # fmt: skip
COUNTRIES = ("FR", "DE", "CA", "KE", "BR", "IN", "ES", "SE", None)
TIMEZONES = ("Europe/Paris", "Africa/Nairobi", "America/Toronto", None)


@dataclass(frozen=True)
class NetworkPart:
    code: str
    name: str
    about: str
    size: int
    professions: tuple[str, ...]
    specialties: tuple[str, ...]


NETWORKS = (
    NetworkPart(
        "legal",
        "Lawyers' Network",
        "Lawyers who write to lawyers, judges and ministers on behalf of colleagues at risk.",
        26,
        ("barrister", "solicitor", "law professor", "judge"),
        ("administrative law", "criminal law", "labour law"),
    ),
    NetworkPart(
        "medical",
        "Health Professionals' Network",
        "Doctors and nurses who use their standing for colleagues and for patients in detention.",
        20,
        ("physician", "nurse", "psychiatrist"),
        ("emergency medicine", "diabetology", "forensic medicine"),
    ),
    NetworkPart(
        "media",
        "Journalists' Network",
        "Journalists who speak up for those who can no longer print.",
        16,
        ("reporter", "editor", "photographer"),
        ("investigations", "radio", "local news"),
    ),
)


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    profession: str
    specialty: str
    country: str | None
    timezone: str | None
    language: str


def people(part: NetworkPart, first: int) -> Iterator[Person]:
    """`first` is how many people other networks have had, so that nobody appears twice."""
    for number in range(first, first + part.size):
        given = GIVEN[number % len(GIVEN)]
        family = FAMILY[(number * 7 + number // len(GIVEN)) % len(FAMILY)]
        yield Person(
            name=f"{given} {family}",
            email=f"{given}.{family}.{number + 1}@{part.code}.example".lower(),
            profession=part.professions[number % len(part.professions)],
            specialty=part.specialties[number % len(part.specialties)],
            country=COUNTRIES[number % len(COUNTRIES)],
            timezone=TIMEZONES[number % len(TIMEZONES)],
            language=("en", "fr", "es")[number % 3],
        )
