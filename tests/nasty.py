"""A list of members as nobody prepared it: 500 rows in Windows-1252 with semicolons, 7 % of them
bad or double, and what an import must make of it."""

from dataclasses import dataclass
from random import Random

HEADER = "Titel ;Nom et prénom;E-Mail;Métier;Spécialités;Langues;Pays;Remarques"
GIVEN = ("Zoé", "Ünal", "Ada", "José", "Chloë", "Bruno", "Ines", "Øyvind", "Marie-Ève", "Thaïs")
FAMILY = ("Quillfeather", "Größe", "Nuñez", "O'Hollow", "de la Fosse", "Brambleton", "Çelikkan")
COUNTRIES = ("France", "Deutschland", "España", "UK", "Sénégal", "", "Canada")
LANGUAGES = ("français, English", "de / fr", "es", "English and French", "", "español; inglés")
JOBS = ("avocate", "avocat", "juge", "professeure de droit")
ROWS, DOUBLES, BAD = 500, 15, 20


@dataclass(frozen=True)
class Nasty:
    content: bytes
    addresses: tuple[str, ...]  # of the good rows, as they must come out
    bad_lines: tuple[int, ...]
    double_lines: tuple[int, ...]


def nasty_list(seed: int = 5) -> Nasty:
    chance = Random(seed)
    good = [_good(number, chance) for number in range(ROWS - DOUBLES - BAD)]
    rows: list[tuple[str, str]] = [("good", text) for text, _address in good]
    for number in range(BAD):
        rows.insert(chance.randrange(1, len(rows)), ("bad", _bad(number)))
    # A double stands below the row that it repeats, with other letters in another case.
    rows += [("double", f"M.;x;{good[n * 3][1].upper()};;;;;") for n in range(DOUBLES)]
    lines, bad, doubles, at = [HEADER], [], [], 2
    for kind, text in rows:
        (bad if kind == "bad" else doubles if kind == "double" else []).append(at)
        lines.append(text)
        at += text.count("\n") + 1
    content = "\r\n".join(lines).replace("\r\n", "\n").replace("\n", "\r\n").encode("cp1252")
    return Nasty(content, tuple(address for _text, address in good), tuple(bad), tuple(doubles))


def _good(number: int, chance: Random) -> tuple[str, str]:
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number % len(FAMILY)]
    address = f"person{number}@members.example"
    name = (f"{given}  {family}", f"{family.upper()}, {given}", f"Dr. {given} {family}")[number % 3]
    mail = (address, address.title(), f'"{given} {family} <{address}>"', f" {address} ")[number % 4]
    notes = '"two\nlines"' if number % 50 == 0 else ""
    cells = [
        *("Mme", name, mail, chance.choice(JOBS), "droit pénal, droit du travail"),
        *(chance.choice(LANGUAGES), COUNTRIES[number % len(COUNTRIES)], notes),
    ]
    return ";".join(f'"{c}"' if ";" in c else c for c in cells), address


def _bad(number: int) -> str:
    wrong = ("", "nobody", "a@b@c.example", "x@", "a b@c.example")[number % 5]
    return f"M.;Somebody {number};{wrong};avocat;;;;"
