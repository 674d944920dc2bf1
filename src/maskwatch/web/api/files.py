"""Answers that a browser keeps or shows as files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from maskwatch.web.api.problems import problems

CSV = "text/csv"
JPEG = "image/jpeg"
PDF = "application/pdf"
PNG = "image/png"
ZIP = "application/zip"


def gives(media_type: str, *statuses: int) -> dict[str, Any]:
    """What a route says that answers with a file, or with problems of these status codes."""
    return {
        "response_class": Response,  # one with a media type would say that the file is text
        "responses": {200: {"content": {media_type: {}}}, **problems(*statuses)},
    }


def download(data: bytes | Iterator[bytes], media_type: str, name: str, **headers: str) -> Response:
    """A file of a name that is ours, so that it needs no quoting; parts are sent as they come."""
    given = {"Content-Disposition": f'attachment; filename="{name}"', **headers}
    if isinstance(data, bytes):
        return Response(data, media_type=media_type, headers=given)
    return StreamingResponse(data, media_type=media_type, headers=given)
