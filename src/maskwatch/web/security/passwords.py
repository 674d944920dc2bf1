"""Passwords: hashed with argon2id, checked in constant time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from maskwatch.web.refusals import WrongUse

# 19 MiB, two passes, one lane: OWASP's recommendation for argon2id, and light enough for a small
# box that watches cameras at the same time.
# https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Anybody may have passwords checked. In the threads that asked it would take that memory forty
# times, and each of them would keep it: the C library holds on to what a thread has let go of.
_THREADS = ThreadPoolExecutor(2, "passwords")

LONGEST_PASSWORD = 1024
"""Hashing takes time with length: nobody may send a novel."""

_TELLING_NAME = 3
"""Characters of a name that helps to guess a password: ``Al`` is in half of all."""


def hash_password(password: str) -> str:
    """The text to store: algorithm, parameters, salt and hash."""
    return _THREADS.submit(_HASHER.hash, password).result()


def check_password(stored: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed.

    Args:
        stored: what `hash_password` returned; None for a user who does not exist, which takes
            as long, so that names cannot be guessed by the time of the answer.
        password: what was typed.
    """
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        verified = _THREADS.submit(_HASHER.verify, stored or _nobodys_hash(), password)
        is_right = verified.result()
    except (VerificationError, InvalidHashError):
        return False
    return is_right and stored is not None


def must_be_good(password: str, name: str, min_length: int) -> None:
    """Refuses passwords that are too easy to guess.

    Raises:
        UsageError: too short, too long, one character repeated, or with the user's name in it.
    """
    if len(password) < min_length:
        raise WrongUse("refused.password_short", count=min_length)
    if len(password) > LONGEST_PASSWORD:
        raise WrongUse("refused.password_long", count=LONGEST_PASSWORD)
    if len(set(password)) < 4:
        raise WrongUse("refused.password_easy")
    if len(name) >= _TELLING_NAME and name.lower() in password.lower():
        raise WrongUse("refused.password_name")


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return hash_password("a password that nobody has")
