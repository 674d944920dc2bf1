"""What crashes do to alerts: none is lost, and none is repeated beyond the stated window.

The stated window: a message may arrive twice only if the process died after its receiver took it
and before that was written down, so at most one message per channel and crash.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from maskwatch.store.records import Delivery, DeliveryState
from maskwatch.store.store import Store
from tests.runtime.processes import wait_until
from tests.servers.hooks import HookServer, hook_server
from tests.servers.mail import mail_server

CHECKOUT = Path(__file__).resolve().parents[2]
CLAIM_S, TIMEOUT_S = 4, 2


def hook(server: HookServer) -> dict[str, Any]:
    url = f"http://127.0.0.1:{server.port}/"
    return {"kind": "webhook", "url": url, "secret": "s" * 16, "timeout_s": TIMEOUT_S}


def start(folder: Path, channels: dict[str, Any], episodes: int, *more: str) -> Any:
    alerts = {"channels": channels, "retry": {"claim_s": CLAIM_S, "first_delay_s": 0.2}}
    program = [sys.executable, "-m", "tests.alerts.dispatcher_program", str(folder)]
    return subprocess.Popen(
        [*program, json.dumps(alerts), str(episodes), *more],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(folder: Path, channels: dict[str, Any], episodes: int) -> None:
    """Lets an undisturbed process do all that is left."""
    with start(folder, channels, episodes) as process:
        output, _ = process.communicate(timeout=120)
    assert output.split() == ["started", "done"]


def all_rows(folder: Path) -> list[Delivery]:
    with Store.open(f"sqlite:///{folder}/maskwatch.db", folder / "photos") as store:
        return list(store.deliveries.page(limit=1000).items)


def ids_of(server: HookServer) -> list[str]:
    return [request.headers["Idempotency-Key"] for request in server.requests]


@pytest.mark.parametrize(
    ("point", "repeated"),
    [
        ("before the episode is kept", 1),  # the channel's thread may be anywhere then
        ("after the claim", 0),
        ("sent and not noted", 1),
        ("noted and not kept", 1),
    ],
)
def test_after_a_crash_at_this_point_every_alert_arrives(
    tmp_path: Path, point: str, repeated: int
) -> None:
    with hook_server() as server:
        channels = {"hook": hook(server)}
        with start(tmp_path, channels, 5, point) as process:
            process.communicate(timeout=120)
        assert process.returncode == 9  # it did come to that point
        finish(tmp_path, channels, 5)
    rows = all_rows(tmp_path)
    arrived = Counter(ids_of(server))
    assert len(rows) == 5
    assert {row.state for row in rows} == {DeliveryState.SENT}
    assert arrived.keys() == {row.id for row in rows}
    assert sum(arrived.values()) - len(arrived) <= repeated
    assert max(arrived.values()) <= 2


def extra_copies(ids: Sequence[str]) -> int:
    return len(ids) - len(set(ids))


def test_killed_again_and_again_during_a_burst_every_episode_has_exactly_its_deliveries(
    tmp_path: Path,
) -> None:
    episodes, kills = 30, 3
    chance = random.Random(4)  # noqa: S311 - nothing secret
    with hook_server() as hooks, mail_server() as mails:
        mail = {
            "kind": "email",
            "host": "127.0.0.1",
            "port": mails.port,
            "security": "none",
            "sender": "m@example.org",
            "to": ["ann@example.org", "ben@example.org"],
            "timeout_s": TIMEOUT_S,
            "pacing": {"cooldown_camera_s": 0, "rate_limit": None},
        }
        channels = {"hook": hook(hooks), "mail": mail}
        for _ in range(kills):
            arrived = len(hooks.requests) + len(mails.mails)
            some_more = arrived + chance.randrange(3, 20)
            with start(tmp_path, channels, episodes) as process:
                assert wait_until(lambda: len(hooks.requests) + len(mails.mails) >= some_more)  # noqa: B023
                process.send_signal(signal.SIGKILL)
        finish(tmp_path, channels, episodes)
    rows = all_rows(tmp_path)
    by_episode = Counter(row.episode_id for row in rows)
    assert len(by_episode) == episodes
    assert set(by_episode.values()) == {3}  # the hook, Ann and Ben
    assert {row.state for row in rows} == {DeliveryState.SENT}
    for channel, ids in [("hook", ids_of(hooks)), ("mail", [mail.id for mail in mails.mails])]:
        assert set(ids) == {row.id for row in rows if row.channel == channel}
        assert extra_copies(ids) <= kills
