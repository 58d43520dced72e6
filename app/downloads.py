"""Files that a page hands out."""

from collections.abc import Iterable, Sequence

from flask import Response

from app.spreadsheets import csv_lines


def csv_download(filename: str, rows: Iterable[Sequence[object]]) -> Response:
    """The rows as a CSV file; read at once, while the request's session is open."""
    response = Response("".join(csv_lines(rows)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={filename}"
    return response
