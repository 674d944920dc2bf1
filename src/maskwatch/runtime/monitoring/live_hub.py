"""The newest annotated picture of each camera and the people in it, in memory only.

The service publishes, the dashboard shows. Nothing here is stored, and only the newest view of a
camera is kept, so memory does not grow. Pictures come in with the privacy policy applied.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from maskwatch.types import Fault, State

_WATCHED_FOR_S = 3.0
"""After somebody looked, pictures are made for so long as if somebody still did."""


@dataclass(frozen=True, slots=True)
class LivePerson:
    """Somebody whom a camera sees at the moment."""

    track: int
    """As in the person's episodes; kept when somebody comes back after a moment."""
    state: State
    """By the alert rule: ``mask`` and the violations once they have held, ``unknown`` before."""
    fault: Fault | None
    coverage: float | None
    """Percent, 0 to 100."""
    zone: str | None
    since: datetime
    """When the person was first seen."""
    episode_id: str | None = None
    """Of the violation that holds at the moment."""
    exempt: bool = False
    """Whether an exemption covers the person, so that no violation leads to an episode."""
    face_px: float | None = None
    """Shorter side of the face in the camera's picture."""
    read: State = State.UNKNOWN
    """What this one picture shows, by the limit of the alert rule: not voted on, and not held."""
    free: bool = False
    """Whether no mask is required of the person, because of an exemption or of the hours."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveView:
    """What a camera saw at one moment."""

    camera: str
    sequence: int
    """1 for the first view of the service's run, higher for each newer one of any camera."""
    jpeg: bytes | None = field(repr=False)
    """With overlays; None when the privacy policy allows no picture."""
    people: tuple[LivePerson, ...]
    at: datetime
    """When the picture was taken; aware, UTC."""


class LiveHub:
    """Keeps the newest view of each camera; may be used from any thread and any event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._views: dict[str, LiveView] = {}
        self._looked_at: dict[str, float] = {}
        self._waiting: dict[str, set[_Waiter]] = {}
        self._followers: dict[str, list[Callable[[LiveView], None]]] = {}
        self._sequence = 0
        self._closed = False

    def publish(
        self, camera: str, jpeg: bytes | None, people: tuple[LivePerson, ...], at: datetime
    ) -> LiveView:
        """Replaces the view of a camera and wakes up everybody who waits for it.

        Args:
            camera: its name.
            jpeg: the picture as it may be shown; None keeps pictures away altogether.
            people: who is there.
            at: when the picture was taken; aware, UTC.
        """
        with self._lock:
            self._sequence += 1
            view = LiveView(camera, self._sequence, jpeg, people, at)
            self._views[camera] = view
            waiting = self._waiting.pop(camera, set())
            followers = tuple(self._followers.get(camera, ()))
        for waiter in waiting:
            waiter.wake()
        for follower in followers:
            follower(view)
        return view

    def follow(self, camera: str, on_view: Callable[[LiveView], None]) -> Callable[[], None]:
        """Has a function called with every view of a camera, and counts as somebody looking.

        Args:
            camera: its name.
            on_view: called in the camera's own thread: it must be quick and must not raise.

        Returns:
            What ends it; may be called more than once, and from within ``on_view``.
        """
        with self._lock:
            self._followers.setdefault(camera, []).append(on_view)

        def end() -> None:
            with self._lock:
                there = self._followers.get(camera, [])
                if on_view in there:
                    there.remove(on_view)
                if not there:
                    self._followers.pop(camera, None)

        return end

    def latest(self, camera: str) -> LiveView | None:
        """The newest view; None before the first one. Counts as somebody looking."""
        self._note_look(camera)
        with self._lock:
            return self._views.get(camera)

    def peek(self, camera: str) -> LiveView | None:
        """The newest view, without counting as somebody who looks."""
        with self._lock:
            return self._views.get(camera)

    async def wait_newer(self, camera: str, after: int, timeout: float) -> LiveView | None:
        """The newest view with a sequence above ``after``.

        Args:
            camera: its name; one that is not there yet can be waited for.
            after: the sequence of the view that the caller has; 0 for none.
            timeout: how long to wait, in seconds.

        Returns:
            None when there was no newer one within the time, or when the hub is closed.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._note_look(camera)
            waiter = _Waiter(asyncio.get_running_loop())
            with self._lock:
                view = self._views.get(camera)
                if view is not None and view.sequence > after:
                    return view
                if self._closed:
                    return None
                self._waiting.setdefault(camera, set()).add(waiter)
            left_s = min(deadline - time.monotonic(), _WATCHED_FOR_S / 2)
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(waiter.woken.wait(), max(0.0, left_s))
            finally:
                self._leave(camera, waiter)
            if time.monotonic() >= deadline and not waiter.woken.is_set():
                return None

    @property
    def is_closed(self) -> bool:
        """Whether the service is about to stop."""
        return self._closed

    def close(self) -> None:
        """Ends all waiting, for good: an open page must not keep the service from stopping."""
        with self._lock:
            self._closed = True
            waiting = [each for there in self._waiting.values() for each in there]
            self._waiting.clear()
        for waiter in waiting:
            waiter.wake()

    def is_watched(self, camera: str) -> bool:
        """Whether somebody looked within the last seconds: pictures are made more often then."""
        with self._lock:
            if camera in self._followers:
                return True
            looked_at = self._looked_at.get(camera)
        return looked_at is not None and time.monotonic() - looked_at < _WATCHED_FOR_S

    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras that have a view."""
        with self._lock:
            return tuple(self._views)

    def forget(self, camera: str) -> None:
        """Drops the view of a camera that is gone, or watched anew under other settings."""
        with self._lock:
            self._views.pop(camera, None)
            self._looked_at.pop(camera, None)

    def _note_look(self, camera: str) -> None:
        with self._lock:
            # Only names that exist are noted, so that asking for others leaves nothing behind.
            if camera in self._views:
                self._looked_at[camera] = time.monotonic()

    def _leave(self, camera: str, waiter: _Waiter) -> None:
        with self._lock:
            waiting = self._waiting.get(camera)
            if waiting is not None:
                waiting.discard(waiter)
                if not waiting:
                    del self._waiting[camera]


class _Waiter:
    """A coroutine that waits, as the publishing threads see it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.woken = asyncio.Event()

    def wake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be woken
            self._loop.call_soon_threadsafe(self.woken.set)
