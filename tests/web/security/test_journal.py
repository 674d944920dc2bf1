"""What of refused logins is in the audit log."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fastapi.testclient import TestClient

from maskwatch.store.records import AuditEntry
from maskwatch.web.app import create_app
from maskwatch.web.security.journal import MOST_ROWS, LoginJournal
from tests.web.world import NOW, World, log_in


def refused(world: World, action: str) -> list[AuditEntry]:
    entries = world.store.audit.page(limit=1000)
    return [each for each in entries if (each.actor, each.action) == ("anonymous", action)]


def test_tries_during_a_wait_write_nothing_and_are_summed_up(world: World) -> None:
    now = [NOW]
    web = replace(world.web, now=lambda: now[0])
    with TestClient(create_app(web, dashboard=False)) as client:
        assert [log_in(client, password="wrong wrong wrong") for _ in range(30)][5:] == [429] * 25  # noqa: S106
        waits = [each.detail.get("wait_s") for each in refused(world, "login.failed")]
        assert waits == [30, None, None, None, None]  # newest first: the fifth began a wait
        assert refused(world, "login.throttled") == []
        now[0] += timedelta(hours=1)
        assert log_in(client, "vera") == 200
        [told] = refused(world, "login.throttled")
        assert told.detail == {
            "since": NOW.isoformat(),
            "held_back": 25,
            "failed": 0,
            "users": {},
        }


def test_wrong_passwords_from_everywhere_write_a_bounded_number_of_rows(world: World) -> None:
    now = [NOW]
    journal = LoginJournal(world.store.audit, lambda: now[0])
    for number in range(MOST_ROWS + 40):
        journal.failed(f"nobody{number}", f"198.51.100.{number}", user=None, wait_s=0)
    journal.failed("anna", "203.0.113.9", user="anna", wait_s=0)
    assert len(refused(world, "login.failed")) == MOST_ROWS
    now[0] += timedelta(minutes=59)
    journal.sum_up()
    assert refused(world, "login.throttled") == []
    now[0] += timedelta(minutes=1)
    journal.failed("anna", "203.0.113.9", user="anna", wait_s=0)
    latest, told = world.store.audit.page(limit=2)
    assert (latest.action, latest.subject) == ("login.failed", "anna")
    assert (told.detail["failed"], told.detail["users"]) == (41, {"anna": 1})


def test_a_clock_that_is_set_back_does_not_silence_the_audit_log(world: World) -> None:
    now = [NOW]
    journal = LoginJournal(world.store.audit, lambda: now[0])
    for _ in range(MOST_ROWS + 1):
        journal.failed("eve", "198.51.100.7", user=None, wait_s=0)
    now[0] -= timedelta(days=365)
    journal.failed("anna", "198.51.100.7", user="anna", wait_s=0)
    latest, told, *_ = world.store.audit.page()
    assert (latest.subject, told.detail["failed"]) == ("anna", 1)


def test_what_was_left_out_is_written_at_the_end_of_the_service(world: World) -> None:
    with TestClient(create_app(world.web, dashboard=False)) as client:
        for _ in range(7):
            log_in(client, password="wrong wrong wrong")  # noqa: S106
        assert refused(world, "login.throttled") == []
    [told] = refused(world, "login.throttled")
    assert told.detail["held_back"] == 2


def test_quiet_hours_leave_no_sums(world: World) -> None:
    now = [NOW]
    journal = LoginJournal(world.store.audit, lambda: now[0])
    journal.failed("anna", "198.51.100.7", user="anna", wait_s=0)
    now[0] += timedelta(hours=3)
    journal.sum_up()
    journal.close()
    assert refused(world, "login.throttled") == []
