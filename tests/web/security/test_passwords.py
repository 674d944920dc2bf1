"""Passwords: how they are kept, which are refused, how many are checked at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from maskwatch.errors import UsageError
from maskwatch.web.security import passwords
from maskwatch.web.security.passwords import check_password, hash_password, must_be_good
from tests.web.world import PASSWORD


def test_passwords_are_kept_as_argon2id_and_not_as_they_are() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert check_password(stored, PASSWORD)
    assert not check_password(stored, PASSWORD + "x")
    assert not check_password(None, PASSWORD)


@pytest.mark.parametrize("password", ["short", "a" * 40, "anna-anna-anna", "x" * 2000])
def test_easy_passwords_are_refused(password: str) -> None:
    with pytest.raises(UsageError):
        must_be_good(password, "anna", 12)


def test_who_uses_the_own_name_in_a_password_is_told_that_this_is_why() -> None:
    with pytest.raises(UsageError, match="name"):
        must_be_good("the secret of Anna", "anna", 12)


def test_a_name_of_two_letters_forbids_no_password_that_happens_to_have_them() -> None:
    must_be_good("seven cold melons", "Al", 12)
    must_be_good("seven cold walnuts", "al", 12)


def test_few_passwords_are_checked_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 19 MiB, and anybody can ask for it."""
    lock, most, now = Lock(), [0], [0]

    class Hasher:
        def verify(self, *_: str) -> bool:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            Event().wait(0.05)  # the others come meanwhile
            with lock:
                now[0] -= 1
            return True

    monkeypatch.setattr(passwords, "_HASHER", Hasher())
    with ThreadPoolExecutor(12) as threads:
        checked = [threads.submit(check_password, "stored", PASSWORD) for _ in range(12)]
    assert all(each.result() for each in checked)
    assert most[0] <= 2
