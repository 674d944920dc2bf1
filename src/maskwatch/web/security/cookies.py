"""The cookie of a session."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from maskwatch.config.web import WebConfig


class SessionCookie:
    """What a browser is given when somebody logs in.

    Args:
        config: whether it is reached over HTTPS, and how long a session lasts.
        installation: what no other one has: browsers send a cookie to every port of a host, and
            two that called theirs the same would log each other's users out.
    """

    def __init__(self, config: WebConfig, installation: str) -> None:
        # Over HTTPS the prefix makes browsers refuse it from anywhere but this very host.
        prefix = "__Host-" if config.is_https else ""
        self.name = f"{prefix}maskwatch_{installation}"
        self._config = config

    def of(self, cookies: Mapping[str, str]) -> str | None:
        """The secret of the session; None without one."""
        return cookies.get(self.name) or None

    def put(self, response: Response, secret: str) -> None:
        """Gives a browser its session. Lax, so that links in mails find somebody logged in."""
        response.set_cookie(
            self.name,
            secret,
            max_age=int(self._config.login.session_s),
            httponly=True,
            secure=self._config.is_https,
            samesite="lax",
            path="/",
        )

    def clear(self, response: Response) -> None:
        """Takes it away again."""
        response.delete_cookie(
            self.name, path="/", httponly=True, secure=self._config.is_https, samesite="lax"
        )
