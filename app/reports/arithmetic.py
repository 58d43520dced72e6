"""How a response rate is counted: pure, no database, no clock.

The unit is one member and one ask. Letters are counted apart, because one busy member must not
look like ten. Silence is unknown: it is in the denominator, and never shown as "no".

Where the newest answer puts a member:
done       answers and acts, by the member's word or better (see *evidence*)
could_not  answers; "no" is respectable, and so is `cannot`
already    answers, and is shown by itself, but is NOT in the action rate: it happened before we
           asked, and our mail must not be credited with what it did not bring about. It stays
           in the denominator, because the mail did reach the member
will_do    is not yet an answer; *completion* follows it up
undone     silence again
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import pairwise, takewhile
from math import sqrt
from operator import attrgetter
from statistics import NormalDist

FEWEST = 10  # under so many, a rate says more about chance than about people
USUAL_WINDOW = timedelta(days=28)

ANSWERS = frozenset({"done", "will_do", "could_not", "cannot", "already", "undone"})
EVIDENCE = ("reported", "evidenced", "verified")
"""How a response is known, weakest to strongest."""

SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Proportion:
    """`numerator` of `denominator`, with the bounds of its interval; shares are 0 to 1.

    Of nothing there is no share: value, low and high are None.
    """

    numerator: int
    denominator: int
    value: float | None
    low: float | None
    high: float | None
    too_few: bool


def wilson(numerator: int, denominator: int, confidence: float = 0.95) -> Proportion:
    """The share with its Wilson score interval, without continuity correction.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212; it is method 3 of
    R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872.
    ValueError: negative counts, more than there are, or a confidence not between 0 and 1.
    """
    if not 0 <= numerator <= denominator:
        raise ValueError(f"{numerator} of {denominator} is not a share")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    too_few = denominator < FEWEST
    if denominator == 0:
        return Proportion(0, 0, None, None, None, too_few)
    low, high = _score_bounds(numerator, denominator, NormalDist().inv_cdf((1 + confidence) / 2))
    return Proportion(numerator, denominator, numerator / denominator, low, high, too_few)


def _score_bounds(count: int, total: int, z: float) -> tuple[float, float]:
    middle = count + z * z / 2
    reach = z * sqrt(count * (total - count) / total + z * z / 4)
    size = total + z * z
    # At either end algebra gives 0 and 1 exactly, and floating point only nearly.
    low = (middle - reach) / size if count else 0.0
    high = (middle + reach) / size if count < total else 1.0
    return low, high


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which an answer counts in the rate; both ends belong to it."""

    opens: datetime
    closes: datetime

    @classmethod
    def of(cls, sent: datetime, deadline: datetime | None) -> "Window":
        """From sending to the ask's deadline, else 28 days.

        A deadline that had passed when the mail went out would leave no time to answer in.
        """
        closes = deadline if deadline and deadline > sent else sent + USUAL_WINDOW
        return cls(sent, closes)


@dataclass(frozen=True, slots=True)
class Said:
    """One row of a member's append-only history for one ask of one issue.

    `suspect`: perhaps a robot, and nobody has resolved it. `letters`: None when not told.
    ValueError: an answer or an evidence grade that does not exist.
    """

    answer: str
    at: datetime
    suspect: bool = False
    evidence: str = "reported"
    letters: int | None = None

    def __post_init__(self) -> None:
        if self.answer not in ANSWERS:
            raise ValueError(f"no such answer: {self.answer!r}")
        if self.evidence not in EVIDENCE:
            raise ValueError(f"no such evidence: {self.evidence!r}")

    @property
    def held(self) -> bool:
        """Not counted for now. Evidence settles a suspicion: robots post no letters."""
        return self.suspect and self.evidence == "reported"


@dataclass(frozen=True, slots=True)
class Standing:
    """The one class in which a member counts for one ask, and what is shown beside it.

    `counts_as`: silent, will_do, reported, evidenced, verified, could_not, cannot or already.
    `late`: the class of what was said after the window, shown but in no rate; else None.
    `suspect`: a row is held that nothing newer has settled.
    """

    counts_as: str = SILENT
    promised: bool = False
    suspect: bool = False
    late: str | None = None
    letters: int = 0

    @property
    def acted(self) -> bool:
        return self.counts_as in EVIDENCE


def standing(history: Iterable[Said], window: Window) -> Standing:
    """Where a member stands: the newest answer within the window counts.

    Rows may come in any order; those of the same instant keep the order they came in.
    """
    rows = sorted(history, key=attrgetter("at"))
    sound = [said for said in rows if not said.held]
    in_time, late = _split(sound, window.closes)
    run = _newest_run(in_time)
    after = _class_of(_newest_run(late))
    return Standing(
        counts_as=_class_of(run),
        promised=_ever_promised(in_time),
        suspect=bool(rows) and rows[-1].held,
        late=None if after == SILENT else after,
        letters=_letters(run),
    )


def _split(rows: Sequence[Said], closes: datetime) -> tuple[Sequence[Said], Sequence[Said]]:
    """Cut before the first late answer.

    An undo is no answer: right after the window it still takes back what it undoes, because no
    rate may go on holding what its giver withdrew.
    """
    late = (i for i, said in enumerate(rows) if said.at > closes and said.answer != "undone")
    cut = next(late, len(rows))
    return rows[:cut], rows[cut:]


def _newest_run(rows: Sequence[Said]) -> list[Said]:
    """The newest row and those right before it with the same answer, newest first."""
    return list(takewhile(lambda said: said.answer == rows[-1].answer, reversed(rows)))


def _class_of(run: Sequence[Said]) -> str:
    """Saying "done" again does not lose the copy of the letter that came with the first one."""
    if not run or run[0].answer == "undone":
        return SILENT
    if run[0].answer == "done":
        return max((said.evidence for said in run), key=EVIDENCE.index)
    return run[0].answer


def _letters(run: Sequence[Said]) -> int:
    told = (said.letters for said in run if said.answer == "done" and said.letters is not None)
    return next(told, 0)


def _ever_promised(rows: Sequence[Said]) -> bool:
    """A promise is forgotten only by the undo that directly follows it, not by a later one."""
    answers = [*(said.answer for said in rows), SILENT]
    return any(said == "will_do" and then != "undone" for said, then in pairwise(answers))


@dataclass(frozen=True, slots=True)
class Tally:
    """Members of one ask, or member-and-ask pairs of a group, by where they stand.

    The ladder is cumulative: `reported` holds everybody who reported or better, `evidenced`
    holds the verified too. `will_do`, `could_not`, `cannot` and `already` are those whose newest
    answer it is, so that with `reported` they add up to everybody who said anything.
    `promised` ever said "will do", `kept` are those of them who reported or better.
    `suspect` and `late` stand beside the classes, not among them; `letters` counts letters.
    ValueError: counts that cannot all be true.
    """

    delivered: int = 0
    visited: int = 0
    will_do: int = 0
    reported: int = 0
    evidenced: int = 0
    verified: int = 0
    could_not: int = 0
    cannot: int = 0
    already: int = 0
    suspect: int = 0
    letters: int = 0
    promised: int = 0
    kept: int = 0
    late: int = 0

    def __post_init__(self) -> None:
        said = self.answered + self.will_do
        for part, whole in (
            (self.verified, self.evidenced),
            (self.evidenced, self.reported),
            (self.kept, min(self.promised, self.reported)),
            (said, self.delivered),
        ):
            if part > whole:
                raise ValueError(f"these counts cannot all be true: {self}")

    def __add__(self, other: "Tally") -> "Tally":
        names = [field.name for field in fields(self)]
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def answered(self) -> int:
        """Did and did not; a promise is not yet an answer."""
        return self.reported + self.could_not + self.cannot + self.already

    @property
    def action_rate(self) -> Proportion:
        """Reported or better, of delivered. Those who acted before we asked are not in it."""
        return wilson(self.reported, self.delivered)

    @property
    def answer_rate(self) -> Proportion:
        """Did and did not, of delivered."""
        return wilson(self.answered, self.delivered)

    @property
    def completion(self) -> Proportion:
        """Did, of those who ever promised."""
        return wilson(self.kept, self.promised)

    @property
    def evidence_rate(self) -> Proportion:
        """Evidenced or verified, of reported or better."""
        return wilson(self.evidenced, self.reported)

    @property
    def floor(self) -> Proportion:
        """The least that is true: the action rate, read as if all the silent had done nothing."""
        return self.action_rate

    @property
    def optimistic(self) -> Proportion:
        """Acted, of answered: as if the silent were like those who speak. Label it so."""
        return wilson(self.reported, self.answered)


def tally(standings: Iterable[Standing], *, delivered: int, visited: int) -> Tally:
    """Count members with a history; the silent are in `delivered` alone and need no Standing.

    Give only standings of members who are themselves counted in `delivered`: the bounced, the
    late joiners and withdrawn asks stay out of both. ValueError: more answers than deliveries.
    """
    people = list(standings)
    classes = Counter(person.counts_as for person in people)
    verified = classes["verified"]
    evidenced = classes["evidenced"] + verified
    return Tally(
        delivered=delivered,
        visited=visited,
        will_do=classes["will_do"],
        reported=classes["reported"] + evidenced,
        evidenced=evidenced,
        verified=verified,
        could_not=classes["could_not"],
        cannot=classes["cannot"],
        already=classes["already"],
        suspect=sum(person.suspect for person in people),
        letters=sum(person.letters for person in people),
        promised=sum(person.promised for person in people),
        kept=sum(person.promised and person.acted for person in people),
        late=sum(person.late is not None for person in people),
    )
