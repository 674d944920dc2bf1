"""The cookie of a session."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from maskwatch.config.web import WebConfig


def cookie_name(config: WebConfig) -> str:
    """Over HTTPS the prefix makes browsers refuse the cookie from anywhere but this very host."""
    return "__Host-maskwatch" if config.is_https else "maskwatch_session"


def session_cookie(config: WebConfig, cookies: Mapping[str, str]) -> str | None:
    """The secret of the session; None without one."""
    return cookies.get(cookie_name(config)) or None


def set_session_cookie(config: WebConfig, response: Response, secret: str) -> None:
    """Gives a browser its session. Lax, so that links in mails find somebody logged in."""
    response.set_cookie(
        cookie_name(config),
        secret,
        max_age=int(config.login.session_s),
        httponly=True,
        secure=config.is_https,
        samesite="lax",
        path="/",
    )


def clear_session_cookie(config: WebConfig, response: Response) -> None:
    """Takes it away again."""
    response.delete_cookie(
        cookie_name(config), path="/", httponly=True, secure=config.is_https, samesite="lax"
    )
