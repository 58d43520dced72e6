"""What can go wrong and be explained: each error says what happened, what was kept, what to do."""


class DocketError(Exception):
    """A refusal with words for the person who asked; edges show it and roll back."""

    status = 400


class Refused(DocketError):
    """The request is understood and cannot be carried out as things stand."""

    status = 409


class NotFound(DocketError):
    status = 404


class InvalidInput(DocketError):
    """`problems` holds (where, what is wrong and what to do) pairs, in the order of the input."""

    status = 422

    def __init__(self, message: str, problems: list[tuple[str, str]] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []

    def __str__(self) -> str:
        lines = [str(self.args[0]), *(f"{where}: {what}" for where, what in self.problems)]
        return "\n  ".join(lines)
