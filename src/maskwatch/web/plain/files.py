"""Our own files, such as style sheets and scripts."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

router = APIRouter()

_STATIC = Path(__file__).parent.parent / "static"
_FILES = {path.name: path for path in _STATIC.iterdir() if path.suffix in (".css", ".js", ".svg")}
"""All that ``/static/`` serves: nothing can be asked for that is not listed here."""


@cache
def static_address(name: str) -> str:
    """Where a file of ours is: somewhere else once it has changed, as browsers keep it a while."""
    return f"/static/{name}?{hashlib.sha256(_FILES[name].read_bytes()).hexdigest()[:12]}"


@router.get("/static/{name}")
def static_file(name: str) -> Response:
    """A file of ours."""
    if name not in _FILES:
        return Response(status_code=404)
    return FileResponse(_FILES[name], headers={"Cache-Control": "public, max-age=3600"})
