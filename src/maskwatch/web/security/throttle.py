"""Slows down whoever guesses passwords, by user name and by address."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from maskwatch.config.web import LoginConfig
from maskwatch.store.users import name_key

_REMEMBERED = 10_000
_ADDRESS_ALLOWANCE = 4
"""An address may belong to a whole department: it gets so many times the tries of one user."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until_s: float = 0.0
    last_s: float = 0.0


class LoginThrottle:
    """Counts wrong passwords; state is lost on restart, which takes longer than the first wait.

    Args:
        settings: how many tries, how long to wait.
        clock: monotonic seconds.
    """

    def __init__(self, settings: LoginConfig, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._lock = Lock()

    def begin(self, name: str, address: str) -> float:
        """Asks for one try.

        The try counts as failed until `succeeded` says otherwise, so that many at the same time
        are not all let through before the first has failed.

        Returns:
            Seconds to wait before the next try is allowed; 0 when this one may go on.
        """
        now = self._clock()
        keys = [(_of_name(name), 1), (_of_address(address), _ADDRESS_ALLOWANCE)]
        with self._lock:
            found = [(self._failures.get(key), key, share) for key, share in keys]
            wait = max((each.until_s - now for each, *_ in found if each), default=0.0)
            if wait > 0:
                return wait
            for _, key, share in found:
                self._count(key, share, now)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """The password was right."""
        with self._lock:
            self._failures.pop(_of_name(name), None)
            by_address = self._failures.get(_of_address(address))
            if by_address is not None:
                # Other names were guessed from there before: that is not forgotten.
                by_address.count -= 1
                by_address.until_s = 0.0

    def _count(self, key: str, share: int, now: float) -> None:
        entry = self._failures.setdefault(key, _Failures())
        if now - entry.last_s > self._settings.longest_wait_s * 2:
            entry.count = 0
        entry.count += 1
        entry.last_s = now
        self._failures.move_to_end(key)
        beyond = entry.count - self._settings.tries * share
        if beyond >= 0:
            wait = self._settings.wait_s * 2.0 ** min(beyond, 30)
            entry.until_s = now + min(wait, self._settings.longest_wait_s)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)


def _of_name(name: str) -> str:
    # However it is written, it is one user: spaces and case must not give further tries.
    return f"name:{name_key(name)}"


def _of_address(address: str) -> str:
    return f"address:{address}"
