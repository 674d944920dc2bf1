"""Why the application cannot be started: the server that runs it only writes that into the log."""

from __future__ import annotations

import errno

from starlette.types import ASGIApp, Receive, Scope, Send

from maskwatch.errors import StoreError
from maskwatch.reasons import system_reason

_SHORT_OF_SHARED_MEMORY = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOENT)


class Startup:
    """The application, with the reason for which it did not start.

    Args:
        app: answers all requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.failure = "the log says why"
        """Why it could not be started, as far as that is known."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the application."""
        try:
            await self._app(scope, receive, send)
        except (OSError, StoreError) as error:
            if scope["type"] == "lifespan":
                self.failure = _reason(error)
            raise


def _reason(error: OSError | StoreError) -> str:
    if isinstance(error, StoreError):
        return str(error)
    reason = system_reason(error)
    if error.errno in _SHORT_OF_SHARED_MEMORY and error.filename is None:
        # The only thing without a name that is asked for: a semaphore of NiceGUI's.
        return f"shared memory (/dev/shm): {reason}"
    return reason
