"""Answers that a browser keeps as files."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Response
from fastapi.responses import StreamingResponse


def download(data: bytes | Iterator[bytes], media_type: str, name: str, **headers: str) -> Response:
    """A file of a name that is ours, so that it needs no quoting; parts are sent as they come."""
    given = {"Content-Disposition": f'attachment; filename="{name}"', **headers}
    if isinstance(data, bytes):
        return Response(data, media_type=media_type, headers=given)
    return StreamingResponse(data, media_type=media_type, headers=given)
