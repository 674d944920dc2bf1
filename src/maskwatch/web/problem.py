"""What programs are answered when a request was refused: RFC 9457 problem details."""

from __future__ import annotations

from pydantic import BaseModel
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why a request was refused."""

    title: str
    status: int
    detail: str
    """For people."""


def problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """The answer."""
    body = Problem(title=title, status=status, detail=detail).model_dump()
    return JSONResponse(body, status, headers, MEDIA_TYPE)
