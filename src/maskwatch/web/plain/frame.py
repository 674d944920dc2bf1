"""The HTML around pages without scripts, and what their forms are made of."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import Form
from fastapi.responses import HTMLResponse
from starlette.requests import HTTPConnection

from maskwatch.web.api.views.base import Text
from maskwatch.web.context import WebContext
from maskwatch.web.plain.files import static_address
from maskwatch.web.text import Words

Field = Annotated[Text, Form(max_length=1024)]
"""What somebody typed into a form."""


def words_for(request: HTTPConnection, web: WebContext) -> Words:
    """Words in the language of a browser, as nobody knows yet who sits before it."""
    return Words.accepted(request.headers.get("accept-language", ""), web.config.language)


def document(words: Words, title: str, head: str, body: str, status: int = 200) -> HTMLResponse:
    """An HTML document; title, rest of the head, and body are HTML already."""
    html = f"""<!doctype html>
<html lang="{words.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - maskwatch</title><link rel="icon" href="/static/icon.svg">
{head}</head>
<body><main>{body}</main></body></html>"""
    return HTMLResponse(html, status)


def page(words: Words, title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page; title and body are HTML already."""
    return document(
        words,
        title,
        f'<link rel="stylesheet" href="{static_address("plain.css")}">',
        f"""<p class="brand"><a href="/">maskwatch</a></p><h1>{title}</h1>
{body}""",
        status,
    )


def alert(text: str) -> str:
    """HTML of what is wrong; nothing when nothing is."""
    return f'<p role="alert">{escape(text)}</p>' if text else ""


def field(name: str, label: str, autocomplete: str, value: str = "", hint: str = "") -> str:
    """HTML of a field of a form."""
    kind = "password" if "password" in autocomplete else "text"
    described = f'<small id="{name}-hint">{hint}</small>' if hint else ""
    by = f' aria-describedby="{name}-hint"' if hint else ""
    return (
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" type="{kind}" '
        f'autocomplete="{autocomplete}" value="{escape(value)}" required{by}>{described}'
    )
