"""Whoever guesses passwords has to wait."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from maskwatch.config.web import LoginConfig
from maskwatch.errors import StoreError
from maskwatch.web.security.throttle import LoginThrottle, at_login
from tests.web.world import PASSWORD, World, log_in


def test_after_too_many_wrong_passwords_even_the_right_one_has_to_wait(
    anonymous: TestClient,
) -> None:
    assert [log_in(anonymous, password="wrong wrong wrong") for _ in range(5)] == [401] * 5  # noqa: S106
    answer = anonymous.post("/api/v1/session", json={"name": "anna", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert log_in(anonymous, "vera") == 200  # another user is not locked out


def test_tries_while_the_database_is_away_are_no_wrong_passwords(
    anonymous: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreError("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(world.store.users, "by_name", away)
        for _ in range(world.web.config.login.tries):
            assert log_in(anonymous) == 503
    assert log_in(anonymous) == 200


def test_waits_grow_up_to_the_longest() -> None:
    clock = [0.0]
    settings = LoginConfig(tries=3, wait_s=10, longest_wait_s=60)
    throttle = LoginThrottle(settings, lambda: clock[0])
    waits = []
    for _ in range(8):
        assert throttle.begin(at_login("anna", "a")) == 0
        waits.append(throttle.begin(at_login("anna", "a")))
        clock[0] += waits[-1]
    assert waits == [0, 10, 20, 40, 60, 60, 60, 60]


def test_many_names_from_one_address_are_throttled_too() -> None:
    throttle = LoginThrottle(LoginConfig(tries=5), lambda: 0.0)
    answers = [throttle.begin(at_login(f"name{i}", "198.51.100.7")) for i in range(30)]
    assert answers[:20] == [0.0] * 20
    assert all(wait > 0 for wait in answers[20:])
    assert throttle.begin(at_login("somebody", "198.51.100.8")) == 0


def test_what_many_people_mistype_from_one_address_does_not_add_up() -> None:
    clock = [0.0]
    throttle = LoginThrottle(LoginConfig(tries=5), lambda: clock[0])
    for number in range(3000):
        who = at_login(f"name{number % 300}", "198.51.100.7")
        assert throttle.begin(who) == 0
        if number % 10:
            throttle.succeeded(who)
        clock[0] += 240


def test_who_guesses_from_one_address_is_slowed_down_for_as_long_as_it_lasts() -> None:
    clock, guesses = [0.0], 0
    throttle = LoginThrottle(LoginConfig(tries=5), lambda: clock[0])
    while clock[0] < 24 * 3600:
        wait = throttle.begin(at_login(f"name{guesses}", "198.51.100.7"))
        guesses += not wait
        clock[0] += wait
    assert guesses < 20 + 24 * 3600 / 900 + 5


def test_logins_that_go_well_keep_no_failure_of_an_address_from_being_forgotten() -> None:
    clock = [0.0]
    throttle = LoginThrottle(LoginConfig(tries=5), lambda: clock[0])
    for number in range(19):
        throttle.begin(at_login(f"name{number}", "198.51.100.7"))
    for _ in range(5 * 20):  # 5 hours, in which most is forgotten
        clock[0] += 180
        anna = at_login("anna", "198.51.100.7")
        assert throttle.begin(anna) == 0
        throttle.succeeded(anna)
    waits = [throttle.begin(at_login(f"other{i}", "198.51.100.7")) for i in range(21)]
    assert waits == [0.0] * 20 + [30.0]


def test_made_up_names_make_no_guesses_forgotten() -> None:
    throttle = LoginThrottle(LoginConfig(tries=5), lambda: 0.0)
    for i in range(5):
        assert throttle.begin(at_login("anna", f"198.51.100.{i}")) == 0
    for i in range(20_000):
        throttle.begin(at_login(f"name{i}", f"2001:db8:{i // 15:x}::1"))
    assert throttle.begin(at_login("anna", "198.51.100.9")) > 0


@pytest.mark.parametrize(
    ("tries", "other"),
    [
        ([f"2001:db8:7:1::{i:x}" for i in range(20)], "2001:db8:7:2::1"),
        (["198.51.100.7", "::ffff:198.51.100.7"] * 10, "::ffff:198.51.100.8"),
        ([f"fe80::{i}%eth0" for i in range(20)], "::1"),
    ],
)
def test_all_addresses_of_one_customer_are_throttled_together(tries: list[str], other: str) -> None:
    throttle = LoginThrottle(LoginConfig(tries=5), lambda: 0.0)
    for i, address in enumerate(tries):
        assert throttle.begin(at_login(f"name{i}", address)) == 0
    assert throttle.begin(at_login("somebody", tries[0])) > 0
    assert throttle.begin(at_login("somebody", other)) == 0


def test_one_user_has_one_number_of_tries_however_the_name_is_written() -> None:
    throttle = LoginThrottle(LoginConfig(tries=5), lambda: 0.0)
    names = ["anna", " anna", "anna  ", "ANNA", "\tAnna"]
    tries = [at_login(each, f"198.51.100.{i}") for i, each in enumerate(names)]
    assert [throttle.begin(each) for each in tries] == [0.0] * 5
    assert throttle.begin(at_login("   anna", "198.51.100.9")) > 0


def test_the_right_password_forgives_the_wrong_ones_before() -> None:
    throttle = LoginThrottle(LoginConfig(tries=3), lambda: 0.0)
    for _ in range(10):
        assert throttle.begin(at_login("anna", "a")) == 0
        throttle.succeeded(at_login("anna", "a"))
