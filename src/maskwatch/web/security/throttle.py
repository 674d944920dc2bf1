"""Slows down whoever guesses passwords: by user name and address, or by session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address
from threading import Lock

from maskwatch.config.web import LoginConfig
from maskwatch.store.users import name_key

_SLOTS = 1 << 16
"""Failures are counted in so many places, which bounds the memory, and none is forgotten for those
of others. Whoever shares a place, by chance, is counted together; the hash that chooses it is
seeded anew in each process, so that nobody can aim at one."""
_SHARED_ALLOWANCE = 4
"""An address may belong to a whole department: it gets so many times the tries of one user."""
_ONE_FORGIVEN_S = 300.0
"""How often one failure of an address is forgotten, while it does not wait: among many people
somebody mistypes every now and then, and that must not add up over a day."""


@dataclass(frozen=True, slots=True)
class Guesser:
    """Whose wrong passwords are counted together."""

    key: str
    is_shared: bool = False
    """Whether it may be several people."""

    @property
    def slot(self) -> int:
        """The place where the failures are counted."""
        return hash(self.key) % _SLOTS


def at_login(name: str, address: str) -> tuple[Guesser, ...]:
    """As whom somebody counts who logs in."""
    # However the name is written, it is one user: spaces and case must not give further tries.
    from_where = Guesser(f"address:{_network_of(address)}", is_shared=True)
    return Guesser(f"name:{name_key(name)}"), from_where


def _network_of(address: str) -> str:
    """What one customer is given: an address of IPv4, or all 2^64 of a network of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address  # a socket of this machine, say
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    # A server that listens for both sees IPv4 as ::ffff:192.0.2.1.
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), 64), strict=False))


def in_session(token_hash: str) -> tuple[Guesser, ...]:
    """As whom somebody counts who is logged in: strangers who guess the same password do not."""
    return (Guesser(f"session:{token_hash}"),)


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until_s: float = 0.0
    last_s: float = 0.0
    """Of one user, the last try; of an address, when a failure was forgotten last."""

    def forget(self, now: float, longest_wait_s: float, *, is_shared: bool) -> None:
        """Leaves out what is too long ago to count."""
        if not is_shared:
            if now - self.last_s > longest_wait_s * 2:
                self.count = 0
            self.last_s = now
            return
        since = max(self.last_s, self.until_s)  # whoever tries again right after a wait is guessing
        forgiven = int(max(0.0, now - since) // _ONE_FORGIVEN_S)
        self.count = max(0, self.count - forgiven)
        self.last_s = since + forgiven * _ONE_FORGIVEN_S if self.count else now


class LoginThrottle:
    """Counts wrong passwords; state is lost on restart, which takes longer than the first wait.

    Args:
        settings: how many tries, how long to wait.
        clock: monotonic seconds.
    """

    def __init__(self, settings: LoginConfig, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._failures: dict[int, _Failures] = {}
        self._lock = Lock()

    def begin(self, guessers: Sequence[Guesser]) -> float:
        """Asks for one try.

        The try counts as failed until `succeeded` says otherwise, so that many at the same time
        are not all let through before the first has failed.

        Returns:
            Seconds to wait before the next try is allowed; 0 when this one may go on.
        """
        now = self._clock()
        with self._lock:
            wait = self._wait_s(guessers, now)
            if wait == 0:
                for each in guessers:
                    self._count(each, now)
        return wait

    def wait_s(self, guessers: Sequence[Guesser]) -> float:
        """Seconds before the next try is allowed; 0 when it is now."""
        with self._lock:
            return self._wait_s(guessers, self._clock())

    def succeeded(self, guessers: Sequence[Guesser]) -> None:
        """The password was right."""
        with self._lock:
            for each in guessers:
                if not each.is_shared:
                    self._failures.pop(each.slot, None)
                elif each.slot in self._failures:
                    # Other names were guessed from there before: that is not forgotten.
                    entry = self._failures[each.slot]
                    entry.count = max(0, entry.count - 1)
                    entry.until_s = 0.0

    def _wait_s(self, guessers: Sequence[Guesser], now: float) -> float:
        found = (self._failures.get(each.slot) for each in guessers)
        return max((each.until_s - now for each in found if each and each.until_s > now), default=0)

    def _count(self, guesser: Guesser, now: float) -> None:
        entry = self._failures.setdefault(guesser.slot, _Failures())
        entry.forget(now, self._settings.longest_wait_s, is_shared=guesser.is_shared)
        entry.count += 1
        allowance = _SHARED_ALLOWANCE if guesser.is_shared else 1
        beyond = entry.count - self._settings.tries * allowance
        if beyond >= 0:
            wait = self._settings.wait_s * 2.0 ** min(beyond, 30)
            entry.until_s = now + min(wait, self._settings.longest_wait_s)
