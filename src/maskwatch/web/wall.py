"""The picture of one camera by itself, such as on a display that hangs on a wall for months."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from maskwatch.web.api.access import Web
from maskwatch.web.plain.errors import nothing_there
from maskwatch.web.plain.files import static_address
from maskwatch.web.plain.frame import document
from maskwatch.web.text import Words

router = APIRouter()


@router.get("/live/{name}")
def wall_page(request: Request, web: Web, name: str) -> Response:
    """The page. A stream alone would be shown by browsers as well, and stay dark after its end."""
    if name not in (each.camera for each in web.control.camera_states()):
        return nothing_there(web, request)
    words = Words.of(request.state.principal.user.language)
    stream = f"/api/v1/cameras/{quote(name, safe='')}/stream.mjpg"
    title = escape(words("live.picture", camera=name))
    head = f"""<link rel="stylesheet" href="{static_address("wall.css")}">
<script defer src="{static_address("wall.js")}"></script>"""
    body = f"""<h1>{title}</h1>
<img alt="{title}" data-stream="{escape(stream)}">"""
    return document(words, title, head, body)
