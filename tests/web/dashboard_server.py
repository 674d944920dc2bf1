"""Serves a dashboard with made-up content on a free port: ``dashboard_server.py FOLDER [fresh]``.

With ``long`` a camera more has a name that is one long word. With ``left_out`` two cameras were
added that cannot be watched: one has a name of the configuration file, one a setting that is
refused. With ``lost`` the entrance has shown one picture a minute ago and is gone, and of ward 3
the models have looked at none since. With ``many`` there are 100,000 episodes more. With ``news``,
an episode begins before ward 3 when the configuration is read again. With ``policies``, reading the
configuration again puts the next of `POLICIES` in force. With ``slow``, starting a camera takes a
while, and the answers to looking for `SLOW_TEXT`, to counting the people of `SLOW_YEAR` and to
acknowledging (`SLOW_ACT`) wait until they are let go (`Held`).

Prints the address, and for a fresh start the set-up link. A program of its own, because NiceGUI
behaves differently when it finds itself inside pytest. Ends with its standard input.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from itertools import cycle
from pathlib import Path
from typing import Any

import uvicorn
from benchmarks.events import fill

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.config.web import LoginConfig, WebConfig
from maskwatch.runtime.monitoring.control import CameraPhase, ReloadOutcome
from maskwatch.store.ids import new_id
from maskwatch.store.records import (
    EpisodeFilter,
    EpisodeRecord,
    PeopleGroup,
    PersonRecord,
    Role,
    StoredCamera,
)
from maskwatch.types import Fault, State
from maskwatch.web.actions import episodes
from maskwatch.web.app import create_app, setup_url
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from tests.web.made_up import add_photo, episode, person, publish, seed
from tests.web.world import World, make_world

POLICIES = (Photos.BLURRED, Photos.NONE, Photos.CLEAR)
LONG_NAME = "Donaudampfschifffahrtsgesellschaftskapitänskajütenvorraumtür_64"
SLOW_TEXT, SLOW_YEAR, SLOW_ACT = "slow", 2020, "acknowledge"
_SLOW_S = 1.0


class Held:
    """The answer to a question: the server says by a file that it was asked, waits for another.

    Args:
        folder: of the files.
        name: of the question.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._asked, self._free = folder / f"{name}.asked", folder / f"{name}.free"

    @property
    def is_asked(self) -> bool:
        """Whether the question has arrived."""
        return self._asked.exists()

    def let_go(self) -> None:
        """The answer may come now, and every later one."""
        self._free.touch()

    def wait(self) -> None:
        """Until it was let go."""
        self._asked.touch()
        while not self._free.exists():
            time.sleep(0.02)


def slow_down(world: World) -> None:
    """Has old questions answered after newer ones, and cameras started as slowly as real ones."""
    folder = world.store.snapshots.folder.parent
    by_text, by_year = Held(folder, SLOW_TEXT), Held(folder, str(SLOW_YEAR))
    acknowledging = Held(folder, SLOW_ACT)
    count, counts = world.store.episodes.count, world.store.people.counts
    acknowledge = episodes.acknowledge

    def slow_acknowledge(web: WebContext, principal: Principal, episode_id: str) -> EpisodeRecord:
        made = acknowledge(web, principal, episode_id)
        acknowledging.wait()
        return made

    def slow_count(wanted: EpisodeFilter) -> int:
        if wanted.text == SLOW_TEXT:
            by_text.wait()
        return count(wanted)

    def slow_counts(since: datetime, *args: Any, **kwargs: Any) -> list[PeopleGroup]:
        if since.year == SLOW_YEAR:
            by_year.wait()
        return counts(since, *args, **kwargs)

    watch = world.service.watch_stored_cameras

    def slow_watch() -> ReloadOutcome:
        time.sleep(_SLOW_S)
        return watch()

    episodes.acknowledge = slow_acknowledge
    world.service.watch_stored_cameras = slow_watch  # type: ignore[method-assign]
    world.store.episodes.count = slow_count  # type: ignore[assignment]
    world.store.people.counts = slow_counts  # type: ignore[assignment]


def change_policies(world: World) -> None:
    """Has the privacy policy change each time that the configuration is read again."""
    policies = cycle(POLICIES)
    read_again = world.service.reload

    def reload() -> ReloadOutcome:
        world.set_privacy(PrivacyConfig(photos=next(policies)))
        return read_again()

    world.service.reload = reload  # type: ignore[method-assign]


def make_news(world: World) -> None:
    """Has an episode begin each time that the configuration is read again."""
    read_again = world.service.reload

    def reload() -> ReloadOutcome:
        episode(world, world.web.now(), camera="ward 3")
        return read_again()

    world.service.reload = reload  # type: ignore[method-assign]


def add_a_long_name(world: World) -> None:
    """One more camera, with an episode."""
    _add_camera(world, LONG_NAME, url="rtsp://192.0.2.99/stream1")
    episode(world, world.web.now(), camera=LONG_NAME)


def add_left_out(world: World) -> None:
    """Two more cameras that cannot be watched."""
    for name, score in (("entrance", 0.5), ("old yard", 0.1)):
        _add_camera(world, name, url="rtsp://192.0.2.98/stream1", min_score=score)


def _add_camera(world: World, name: str, **settings: object) -> None:
    now = world.web.now()
    world.store.cameras.add(StoredCamera(new_id(), name, settings, now, now))


def add_many(world: World) -> None:
    """Episodes of a long time."""
    fill(world.store, 100_000)


def lose(world: World) -> None:
    """Has two cameras show no more than a picture of a minute ago."""
    for name in ("entrance", "ward 3"):
        publish(world, name, ago=timedelta(minutes=1))
    world.service.switch("entrance", CameraPhase.LOST)


def keep_publishing(world: World) -> None:
    """New pictures, two a second."""
    turn = 0
    people = [
        person(31, State.MASK, None, 97),
        person(32, State.INCORRECT, Fault.NOSE_OUT, 12),
        person(33, State.INCORRECT, Fault.UNDER_CHIN, 3),
    ]
    while True:
        turn += 1
        publish(world, "entrance", people, shift=turn % 2)
        publish(world, "ward 3", people[:1], shift=turn % 2)
        publish(world, "canteen", [], shift=0)
        time.sleep(0.5)


CHANGES: dict[str, Callable[[World], None]] = {
    "left_out": add_left_out,
    "long": add_a_long_name,
    "lost": lose,
    "many": add_many,
    "news": make_news,
    "policies": change_policies,
    "slow": slow_down,
}
"""What the options do that change what there is."""


def main() -> None:
    folder, options = Path(sys.argv[1]), sys.argv[2:]
    config = WebConfig(login=LoginConfig(tries=20), camera_networks=(ip_network("192.0.2.0/24"),))
    privacy = PrivacyConfig(photos=Photos.CLEAR, statistics_only="statistics" in options)
    world = make_world(folder, config=config, privacy=privacy, now=None)
    if "fresh" not in options:
        for name, role in (("anna", Role.ADMIN), ("ravi", Role.REVIEWER), ("vera", Role.VIEWER)):
            world.add_user(name, role)
        world.add_user("nele", Role.VIEWER)  # whose language a test changes
        german = world.add_user("otto", Role.ADMIN)
        world.store.users.replace(replace(german, language="de"))
        seed(world, days=int(next((each for each in options if each.isdigit()), "4")))
        at = world.web.now() - timedelta(minutes=2)
        wrong = EpisodeRecord(
            new_id(),
            "entrance",
            None,
            4,
            State.INCORRECT,
            Fault.NOSE_OUT,
            9.0,
            at,
            model_version="1",
        )
        world.store.episodes.add(wrong)
        add_photo(world, wrong)
        gone = PersonRecord(new_id(), "old door", None, 1, State.MASK, None, at, at)
        world.store.people.put(gone)
    for option in options:
        if option not in ("fresh", "statistics") and not option.isdigit():
            CHANGES[option](world)
    app = create_app(world.web)
    if not {"lost", "statistics"} & {*options}:
        threading.Thread(target=keep_publishing, args=[world], daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", proxy_headers=False, access_log=False)
    )
    print(url, setup_url(app, url) or "-", flush=True)  # noqa: T201 - the test reads it
    threading.Thread(target=_stop_with_input, args=[server], daemon=True).start()
    server.run([listener])


def _stop_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
