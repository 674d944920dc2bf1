"""Answers that a browser keeps as files."""

from __future__ import annotations

from fastapi import Response


def download(data: bytes, media_type: str, name: str, **headers: str) -> Response:
    """A file of a name that is ours, so that it needs no quoting."""
    disposition = f'attachment; filename="{name}"'
    return Response(
        data, media_type=media_type, headers={"Content-Disposition": disposition, **headers}
    )
