"""One camera of the service over scripted connections: from pictures to what is written down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta, tzinfo
from itertools import groupby
from unittest.mock import Mock, patch
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from maskwatch.config.cameras import CameraConfig
from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.events.camera import Sight
from maskwatch.events.photos import Photo
from maskwatch.outputs.jpeg import decode_jpeg
from maskwatch.runtime.live.messages import Still, StreamOpened
from maskwatch.runtime.monitoring.camera.lane import CameraLane, LaneSetting
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.runtime.monitoring.finish import finish_photo, live_picture
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.runtime.monitoring.records.chronicle import (
    EpisodeOpened,
    EpisodeUpdated,
    UncertainFace,
)
from maskwatch.store.records import HealthRecord, MinuteReadings, PersonRecord
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Face, Fault, Frame, Image, MaskReading, State, TimedBox, Track, Verdict
from tests.painted import Person, SquareClassifier, SquareDetector
from tests.runtime.processes import wait_until
from tests.runtime.simulated import (
    EPOCH,
    Notebook,
    ScriptedCamera,
    camera_config,
    people_at,
)

BARE: Person = (State.NO_MASK, 160, 120)
MASKED: Person = (State.MASK, 160, 120)


class Stage:
    """A lane, and everything that came of it."""

    def __init__(
        self,
        camera: ScriptedCamera,
        config: CameraConfig,
        privacy: PrivacyConfig,
        zone: tzinfo = UTC,
    ) -> None:
        self.camera = camera
        self.notebook = Notebook()
        self.hub = LiveHub()
        self.inference = SharedInference(SquareDetector(), SquareClassifier(), batch=4)
        setting = LaneSetting(
            self.inference,
            self.notebook,
            self.hub,
            privacy,
            zone,
            0.5,
            "m1",
            camera.connect,
            wall=camera.wall,
        )
        self.lane = CameraLane("door", config, setting, first_person=7)

    def entries(self, kind: type) -> list[object]:
        return list(self.notebook.of(kind))

    @property
    def opened(self) -> list[EpisodeOpened]:
        return [e for e in self.notebook.entries if isinstance(e, EpisodeOpened)]

    @property
    def updated(self) -> list[EpisodeUpdated]:
        return [e for e in self.notebook.entries if isinstance(e, EpisodeUpdated)]

    @property
    def health(self) -> list[tuple[str, str]]:
        return [(e.kind, e.state) for e in self.notebook.entries if isinstance(e, HealthRecord)]


@contextmanager
def watching(
    camera: ScriptedCamera,
    config: CameraConfig | None = None,
    privacy: PrivacyConfig | None = None,
    zone: tzinfo = UTC,
) -> Iterator[Stage]:
    stage = Stage(camera, config or camera_config(), privacy or PrivacyConfig(), zone)
    stage.inference.start()
    stage.lane.start()
    try:
        yield stage
    finally:
        stage.lane.request_stop()
        assert stage.lane.join(10)
        stage.inference.stop()


def after_film(
    story: Callable[[float], Sequence[Person]],
    end_s: float,
    config: CameraConfig | None = None,
    privacy: PrivacyConfig | None = None,
    zone: tzinfo = UTC,
) -> Stage:
    """What came of a film of painted people, every picture of which was looked at."""
    return after(ScriptedCamera(people_at(story), end_s=end_s), config, privacy, zone)


def after(
    camera: ScriptedCamera,
    config: CameraConfig | None = None,
    privacy: PrivacyConfig | None = None,
    zone: tzinfo = UTC,
) -> Stage:
    """What came of a camera's film, every picture of which was looked at."""
    step = threading.Semaphore(1)
    camera.on_taken = lambda _: step.acquire()
    with watching(camera, config, privacy, zone) as stage:
        seen = 0
        while not camera.finished.is_set():
            looked = stage.lane.status().frames
            for _ in range(looked - seen):
                step.release()
            seen = looked
            camera.finished.wait(0.002)
        assert wait_until(lambda: stage.lane.status().frames == camera.count)
    return stage


def test_a_violation_becomes_one_episode_with_its_times_and_its_photo() -> None:
    def story(t: float) -> list[Person]:
        return [MASKED] if t < 3 or t >= 8 else [BARE]

    stage = after_film(story, 14)
    (opened,) = stage.opened
    record = opened.record
    assert (record.camera, record.zone, record.track) == ("door", None, 7)
    assert (record.state, record.fault, record.model_version) == (State.NO_MASK, None, "m1")
    assert record.coverage is not None
    assert record.coverage < 80
    assert record.started_at == EPOCH + timedelta(seconds=3)
    assert opened.photo is not None
    assert len(opened.timeline) > 2
    closed = stage.updated[-1]
    assert closed.id == record.id
    assert closed.ended_at is not None
    assert 8 < (closed.ended_at - EPOCH).total_seconds() < 11
    (person,) = stage.entries(PersonRecord)
    assert isinstance(person, PersonRecord)
    assert (person.state, person.track) == (State.NO_MASK, 7)
    assert person.first_at == EPOCH


def test_the_photo_of_an_episode_shows_that_violation_and_no_earlier_one() -> None:
    """One person: without a mask, masked for a while, then with the nose out."""

    def story(t: float) -> list[Person]:
        if t < 3 or 6 <= t < 10:
            return [MASKED]
        return [(State.NO_MASK if t < 6 else State.INCORRECT, 160, 120)]

    stage = after_film(story, 14, privacy=PrivacyConfig(photos=Photos.CLEAR))
    times: list[float] = []
    greens: list[int] = []
    for opened in stage.opened:
        assert opened.photo is not None
        times.append((opened.photo.taken_at - EPOCH).total_seconds())
        image = decode_jpeg(opened.photo.jpeg)
        greens.append(int(image[120, 160, 1]))  # none in red, all in yellow
    first, second = times
    assert 3 <= first < 6
    assert 10 <= second < 14
    assert greens == pytest.approx([0, 220], abs=30)


def test_hold_s_decides_how_long_a_violation_must_last() -> None:
    def story(t: float) -> list[Person]:
        return [BARE] if 3 <= t < 5 else [MASKED]

    short = camera_config(rule={"hold_s": 1})
    long = camera_config(rule={"hold_s": 4})
    assert len(after_film(story, 8, short).opened) == 1
    assert after_film(story, 8, long).opened == []


def test_everything_is_counted_per_minute() -> None:
    stage = after_film(lambda _: [MASKED], 70)
    minutes = [e for e in stage.notebook.entries if isinstance(e, MinuteReadings)]
    assert [m.minute for m in minutes] == [EPOCH, EPOCH + timedelta(minutes=1)]
    assert [m.frames for m in minutes] == [480, 80]
    assert minutes[0].mask == minutes[0].frames - 3  # nobody is a person before the third look
    assert sum(m.no_mask + m.incorrect + m.unknown for m in minutes) == 0


@pytest.mark.parametrize(
    ("config", "episodes", "people"),
    [
        ({}, 1, 1),
        ({"zones": [{"name": "left", "polygon": [(0, 0), (0.4, 0), (0.4, 1), (0, 1)]}]}, 0, 0),
        ({"zones": [{"name": "all", "polygon": [(0, 0), (1, 0), (1, 1), (0, 1)]}]}, 1, 1),
        (
            {
                "zones": [
                    {
                        "name": "mirror",
                        "use": "exclude",
                        "polygon": [(0.3, 0.3), (0.7, 0.3), (0.5, 1)],
                    }
                ]
            },
            0,
            0,
        ),
        ({"min_face_px": 61}, 0, 0),
        ({"min_score": 0.95}, 0, 0),
        ({"schedule": {"hours": [{"days": ["tue"]}]}}, 0, 0),
        ({"schedule": {"hours": [{"days": ["mon"], "start": "09:00", "end": "10:00"}]}}, 1, 1),
        ({"schedule": {"holidays": ["2026-03-02"]}}, 0, 0),
        ({"exemptions": [{"reason": "fire drill", "until": "2026-03-02"}]}, 0, 0),
        ({"exemptions": [{"reason": "over", "until": "2026-03-01"}]}, 1, 1),
        ({"rule": {"coverage_below": 1}}, 0, 1),
    ],
)
def test_the_section_of_the_camera_decides_who_counts(
    config: dict[str, object], episodes: int, people: int
) -> None:
    stage = after_film(lambda _: [BARE], 4, camera_config(**config))
    assert len(stage.opened) == episodes
    assert len(stage.entries(PersonRecord)) == people


def test_an_episode_begins_no_earlier_than_a_mask_is_required() -> None:
    drill = {"reason": "fire drill", "until": f"{EPOCH + timedelta(seconds=6):%Y-%m-%dT%H:%M:%S}"}
    (opened,) = after_film(lambda _: [BARE], 10, camera_config(exemptions=[drill])).opened
    begun_s = (opened.record.started_at - EPOCH).total_seconds()
    assert 6 <= begun_s < 6.5


def test_required_hours_are_those_of_the_time_zone() -> None:
    nine_in_berlin = camera_config(
        schedule={"hours": [{"days": ["mon"], "start": "10:00", "end": "11:00"}]}
    )
    berlin = ZoneInfo("Europe/Berlin")
    assert len(after_film(lambda _: [BARE], 4, nine_in_berlin, zone=berlin).opened) == 1
    assert after_film(lambda _: [BARE], 4, nine_in_berlin).opened == []


def test_one_who_comes_back_soon_has_the_same_episode() -> None:
    def story(t: float) -> list[Person]:
        return [] if 5 <= t < 7.5 else [BARE]

    stage = after_film(story, 11)
    assert len(stage.opened) == 1
    assert len(stage.entries(PersonRecord)) == 1


def test_one_who_comes_back_late_has_a_new_episode() -> None:
    def story(t: float) -> list[Person]:
        return [] if 5 <= t < 40 else [BARE]

    stage = after_film(story, 44)
    assert [e.record.track for e in stage.opened] == [7, 8]
    assert len({e.record.id for e in stage.opened}) == 2
    first_end = next(u.ended_at for u in stage.updated if u.ended_at)
    assert (first_end - EPOCH).total_seconds() == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize("hours", [-4, 4])
def test_when_the_clock_is_set_what_is_open_ends_by_the_old_one_and_begins_anew(hours: int) -> None:
    painted = people_at(lambda _: [BARE])
    camera = ScriptedCamera(painted, end_s=12)

    def film(t: float) -> Image:
        if t >= 6:
            camera.clock_set = timedelta(hours=hours)
        return painted(t)

    camera.film = film
    stage = after(camera)
    ended = {each.id: each.ended_at for each in stage.updated if each.ended_at is not None}
    people = [each for each in stage.entries(PersonRecord) if isinstance(each, PersonRecord)]
    assert len(stage.opened) == len(ended) == len(people) == 2
    for opened, person in zip(stage.opened, people, strict=True):
        episode = opened.record
        lasted = ended[episode.id] - episode.started_at
        assert timedelta() < lasted < timedelta(seconds=8)
        assert person.track == episode.track
        assert person.first_at <= episode.started_at <= ended[episode.id] <= person.last_at
    first, second = (each.record.started_at for each in stage.opened)
    assert abs(second - first - timedelta(hours=hours)) < timedelta(seconds=12)


def test_whoever_is_there_after_the_pictures_have_another_size_is_somebody_new() -> None:
    """Else the next one at the same pixels would go on as the violator of before, untold."""
    painted = people_at(lambda _: [BARE])

    def film(t: float) -> Image:
        return painted(t) if t < 6 else np.ascontiguousarray(np.tile(painted(t), (1, 2, 1)))

    stage = after(ScriptedCamera(film, end_s=12))
    assert [each.record.track for each in stage.opened] == [7, 8, 9]
    ended = {each.id: each.ended_at for each in stage.updated if each.ended_at is not None}
    assert len(ended) == 3


def test_the_zone_of_an_episode_is_named() -> None:
    zones = [
        {"name": "left", "polygon": [(0, 0), (0.5, 0), (0.5, 1), (0, 1)]},
        {"name": "right", "polygon": [(0.5, 0), (1, 0), (1, 1), (0.5, 1)]},
    ]
    stage = after_film(lambda _: [(State.INCORRECT, 240, 120)], 4, camera_config(zones=zones))
    (opened,) = stage.opened
    assert (opened.record.zone, opened.record.fault) == ("right", Fault.NOSE_OUT)


VIOLATOR, BYSTANDER = (State.NO_MASK, 80, 120), (State.MASK, 240, 120)


def striped(t: float) -> Image:
    """Violator and bystander with fine stripes on their faces."""
    image = people_at(lambda _: [VIOLATOR, BYSTANDER])(t)
    for x in range(0, image.shape[1], 8):
        stripe = image[90:150, x : x + 4]
        stripe[stripe > 200] = 130
    return image


def stripes_at(image: Image, x: int) -> bool:
    """Whether the stripes of the face whose middle is at ``x`` can be seen."""
    across = image[110:130, x - 20 : x + 20].astype(float).max(axis=2).mean(axis=0)
    return bool(across.std() > 15)


@pytest.mark.parametrize(
    ("photos", "subject_seen"), [(Photos.BLURRED, False), (Photos.CLEAR, True)]
)
def test_photos_show_only_whom_the_policy_allows(photos: Photos, subject_seen: bool) -> None:
    camera = ScriptedCamera(striped, end_s=4)
    stage = after(camera, privacy=PrivacyConfig(photos=photos))
    (opened,) = stage.opened
    photo = opened.photo
    assert photo is not None
    assert [(face.is_subject, face.blurred) for face in photo.faces] == [
        (True, not subject_seen),
        (False, True),
    ]
    image = decode_jpeg(photo.jpeg)
    assert image.shape == (photo.height, photo.width, 3) == (240, 320, 3)
    assert stripes_at(striped(0), VIOLATOR[1])
    assert stripes_at(image, VIOLATOR[1]) == subject_seen
    assert not stripes_at(image, BYSTANDER[1])


def test_a_bystander_who_is_missed_before_the_face_of_the_violator_is_hidden() -> None:
    """Where the violator is hidden as well there is no need to tell whose place is whose."""
    subject = face_at(100, 110, 120)
    nearer = face_at(160, 110, 75).box
    frame = Frame(
        "door", 0, 0.0, np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    )
    reading = reading_of(subject, State.NO_MASK)
    track = Track(1, "door", reading, Verdict(State.NO_MASK, None, 1.0, 0.0), 0.0, 0.0)
    own = face_at(96, 106, 120).box
    places = [TimedBox(0.0, subject.box), TimedBox(-0.1, own), TimedBox(-0.1, nearer)]
    sight = Sight(frame, (reading,), (subject,), tuple(places))
    for photos in (Photos.BLURRED, Photos.CLEAR):
        photo = finish_photo(Photo.of(sight, track), PrivacyConfig(photos=photos))
        assert photo is not None
        image = decode_jpeg(photo.jpeg)
        assert image[80:140, 199:215].astype(float).std(axis=1).mean() < 30
        assert (image[75:125, 50:90].std() > 50) == (photos is Photos.CLEAR)


@pytest.mark.parametrize(
    "privacy", [PrivacyConfig(photos=Photos.NONE), PrivacyConfig(statistics_only=True)]
)
def test_without_photos_no_picture_leaves_the_lane(privacy: PrivacyConfig) -> None:
    stage = after_film(lambda _: [VIOLATOR, BYSTANDER], 4, privacy=privacy)
    assert stage.opened[0].photo is None
    view = stage.hub.latest("door")
    assert view is not None
    assert view.jpeg is None
    assert stage.entries(UncertainFace) == []
    # Where only counts are shown, nothing is said of anybody.
    assert len(view.people) == (0 if privacy.statistics_only else 2)


@pytest.mark.parametrize(("photos", "proposed"), [(Photos.CLEAR, 1), (Photos.BLURRED, 0)])
def test_a_doubtful_face_is_proposed_for_a_label_where_it_may_be_seen(
    photos: Photos, proposed: int
) -> None:
    def doubt(_: SquareClassifier, __: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        return [reading_of(face, State.MASK, confidence=0.6) for face in faces]

    finish = "maskwatch.runtime.monitoring.camera.reporter.finish_photo"
    rules = camera_config(rule={"coverage_below": 0})
    with (
        patch.object(SquareClassifier, "__call__", doubt),
        patch(finish, wraps=finish_photo) as finished,
    ):
        stage = after_film(lambda _: [MASKED], 3, rules, PrivacyConfig(photos=photos))
    assert len(stage.entries(UncertainFace)) == finished.call_count == proposed


@pytest.mark.parametrize("small_faces", [False, True])
def test_far_people_are_looked_for_where_the_camera_says_so(small_faces: bool) -> None:
    with (
        patch.object(SquareDetector, "sweep", Mock(return_value=[]), create=True),
        patch.object(SquareDetector, "near", Mock(return_value=[]), create=True),
    ):
        stage = after_film(lambda _: [VIOLATOR], 4, camera_config(small_faces=small_faces))
    assert len(stage.opened) == small_faces


def test_the_live_view_shows_people_as_they_are() -> None:
    stage = after_film(lambda _: [VIOLATOR, BYSTANDER], 4)
    view = stage.hub.latest("door")
    assert view is not None
    assert view.jpeg is not None
    assert view.jpeg.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("watched", [False, True])
def test_a_picture_is_made_once_a_look_while_somebody_watches_and_seldom_otherwise(
    watched: bool,
) -> None:
    with (
        patch("maskwatch.runtime.monitoring.camera.display._UNWATCHED_EVERY_S", 3600),
        patch.object(LiveHub, "is_watched", return_value=watched),
        patch(
            "maskwatch.runtime.monitoring.camera.display.live_picture", wraps=live_picture
        ) as draw,
    ):
        stage = after_film(lambda _: [MASKED], 4)
    looks = stage.lane.status().frames
    assert looks > 10
    assert draw.call_count == (looks if watched else 1)


def test_while_nobody_looks_the_live_view_still_tells_when_a_violation_begins_and_ends() -> None:
    def story(t: float) -> list[Person]:
        return [BARE] if 3 <= t < 6 else [MASKED]

    with patch.object(LiveHub, "publish") as publish:
        after_film(story, 10)
    people = [call.args[2] for call in publish.call_args_list]
    told = [any(each.episode_id for each in there) for there in people]
    assert [state for state, _ in groupby(told)] == [False, True, False]


def test_a_lost_camera_is_told_once_and_comes_back() -> None:
    times: list[float] = []

    def film(t: float) -> Image | None:
        times.append(t)
        return None if 1 <= t < 1.1 else people_at(lambda _: [MASKED])(t)

    camera = ScriptedCamera(film, speed=4)
    with watching(camera) as stage:
        assert wait_until(lambda: len(camera.connections) == 2 and camera.count > 12)
        assert stage.lane.status().phase is CameraPhase.WATCHING
    assert stage.health == [
        ("connection", "connected"),
        ("connection", "lost"),
        ("connection", "connected"),
    ]
    assert camera.connections[0].closed


def test_a_camera_that_cannot_be_reached_says_why_and_goes_on_trying() -> None:
    camera = ScriptedCamera(people_at(lambda _: []), speed=4)
    camera.refuse = "connection refused"
    with watching(camera) as stage:
        assert wait_until(lambda: stage.lane.status().attempt >= 2)
        status = stage.lane.status()
        assert (status.phase, status.reason) == (CameraPhase.LOST, "connection refused")
        assert status.retry_in_s is not None
        assert status.address == "rtsp://viewer:***@camera.test/1"
        camera.refuse = ""
        assert wait_until(lambda: stage.lane.status().phase is CameraPhase.WATCHING)
    assert stage.health == [("connection", "lost"), ("connection", "connected")]


def test_a_camera_that_connects_and_shows_nothing_stays_lost_and_is_tried_ever_less_often() -> None:
    camera = ScriptedCamera(lambda _: None)
    with watching(camera) as stage:
        assert wait_until(lambda: stage.lane.status().attempt >= 3)
        status = stage.lane.status()
        assert (status.phase, status.reason) == (CameraPhase.LOST, "no data for 10 s")
    assert stage.health == [("connection", "lost")]


@pytest.mark.parametrize(
    "opened", [StreamOpened(is_live=False, fps=8.0, frame_count=80), Still(b"")]
)
def test_a_recording_or_a_picture_is_no_camera(opened: StreamOpened | Still) -> None:
    camera = ScriptedCamera(people_at(lambda _: [BARE]))
    camera.opened = opened
    with watching(camera) as stage:
        assert wait_until(lambda: stage.lane.status().phase is CameraPhase.LOST)
        status = stage.lane.status()
    assert status.reason == "this is a recording or a picture, not a live stream"
    assert stage.health == [("connection", "lost")]
    assert status.frames == 0


def test_models_that_work_again_are_told() -> None:
    camera = ScriptedCamera(people_at(lambda _: [MASKED]), speed=4)
    find = SquareDetector.__call__
    fails = threading.Event()
    fails.set()

    def flaky(self: SquareDetector, frame: Frame) -> list[Face]:
        if fails.is_set():
            raise OverflowError("math range error")
        return find(self, frame)

    with patch.object(SquareDetector, "__call__", flaky), watching(camera) as stage:
        assert wait_until(lambda: ("inference", "failed") in stage.health)
        fails.clear()
        assert wait_until(lambda: ("inference", "ok") in stage.health)
    assert [state for kind, state in stage.health if kind == "inference"] == ["failed", "ok"]


def test_that_pictures_cannot_be_worked_on_ends_with_the_lane_whose_trouble_it_is() -> None:
    """The next lane of the camera, such as after a reload, would not tell that all is well."""

    def fail(self: SquareDetector, frame: Frame) -> list[Face]:
        raise OverflowError("math range error")

    camera = ScriptedCamera(people_at(lambda _: [MASKED]), speed=4)
    with patch.object(SquareDetector, "__call__", fail), watching(camera) as stage:
        assert wait_until(lambda: ("inference", "failed") in stage.health)
    assert [state for kind, state in stage.health if kind == "inference"] == ["failed", "ok"]


def test_a_frozen_picture_is_noticed_and_the_camera_connected_anew() -> None:
    stands = threading.Event()
    stands.set()

    def film(t: float) -> Image:
        return people_at(lambda _: [])(min(t, 10.0) if stands.is_set() else t)

    camera = ScriptedCamera(film, speed=40)
    with watching(camera, camera_config(frozen_s=20)) as stage:
        assert wait_until(lambda: len(camera.connections) > 1)
        stands.clear()
        assert wait_until(lambda: ("frozen", "ok") in stage.health)
        assert stage.lane.status().phase is CameraPhase.WATCHING
    assert stage.health == [("connection", "connected"), ("frozen", "frozen"), ("frozen", "ok")]
    said = [e.reason for e in stage.notebook.entries if isinstance(e, HealthRecord)]
    assert said == ["", "the picture has not changed for 20 s", ""]
    assert len(camera.connections) > 1


def test_a_camera_that_is_frozen_lost_and_frozen_again_is_connected_in_the_end() -> None:
    stands = threading.Event()
    stands.set()

    def film(t: float) -> Image:
        return people_at(lambda _: [])(min(t, 10.0) if stands.is_set() else t)

    camera = ScriptedCamera(film, speed=40)
    with watching(camera, camera_config(frozen_s=5)) as stage:
        assert wait_until(lambda: stage.lane.status().phase is CameraPhase.FROZEN)
        camera.refuse = "connection refused"
        assert wait_until(lambda: stage.lane.status().phase is CameraPhase.LOST)
        camera.refuse = ""
        assert wait_until(lambda: stage.lane.status().phase is CameraPhase.FROZEN)
        stands.clear()
        assert wait_until(lambda: stage.lane.status().phase is CameraPhase.WATCHING)
        # Else the trouble would never be over, and the next loss be no news.
        assert [state for kind, state in stage.health if kind == "connection"] == [
            "connected",
            "lost",
            "connected",
        ]
        assert [state for kind, state in stage.health if kind == "frozen"] == 2 * ["frozen", "ok"]


def violates(stage: Stage) -> bool:
    """Whether the live view shows somebody in violation."""
    view = stage.hub.peek("door")
    return view is not None and any(each.episode_id for each in view.people)


@pytest.mark.parametrize(
    ("broken", "phase"),
    [(None, CameraPhase.LOST), (people_at(lambda _: [BARE])(0), CameraPhase.FROZEN)],
)
def test_everybody_is_gone_when_no_pictures_come_for_long(
    broken: Image | None, phase: CameraPhase
) -> None:
    is_broken = threading.Event()

    def film(t: float) -> Image | None:
        return broken if is_broken.is_set() else people_at(lambda _: [BARE])(t)

    camera = ScriptedCamera(film, speed=4)
    with watching(camera, camera_config(frozen_s=5, rule={"reentry_s": 0})) as stage:
        assert wait_until(lambda: violates(stage))
        is_broken.set()
        assert wait_until(lambda: stage.lane.status().phase is phase)
        assert wait_until(lambda: bool(stage.entries(PersonRecord)))
        assert stage.updated[-1].ended_at is not None
        assert wait_until(lambda: not violates(stage))
        assert len(stage.opened) == 1
        is_broken.clear()
        assert wait_until(lambda: len(stage.opened) == 2 and violates(stage))
    assert [each.record.track for each in stage.opened] == [7, 8]
    assert len({each.record.id for each in stage.opened}) == 2


def test_while_the_models_fail_nobody_is_shown_and_after_long_everybody_is_gone() -> None:
    find, fails = SquareDetector.__call__, threading.Event()

    def flaky(self: SquareDetector, frame: Frame) -> list[Face]:
        if fails.is_set():
            raise OverflowError("math range error")
        return find(self, frame)

    camera = ScriptedCamera(people_at(lambda _: [BARE]), speed=4)
    config = camera_config(rule={"reentry_s": 0})
    with patch.object(SquareDetector, "__call__", flaky), watching(camera, config) as stage:
        assert wait_until(lambda: violates(stage))
        fails.set()
        assert wait_until(lambda: not violates(stage))
        assert wait_until(lambda: bool(stage.entries(PersonRecord)))
        assert stage.lane.status().people == 0
        assert stage.updated[-1].ended_at is not None
        fails.clear()
        assert wait_until(lambda: violates(stage))
    assert [each.record.track for each in stage.opened] == [7, 8]


def test_an_episode_whose_photo_cannot_be_made_is_told_without() -> None:
    camera = ScriptedCamera(people_at(lambda _: [BARE]), speed=4)
    finish = "maskwatch.runtime.monitoring.camera.reporter.finish_photo"
    with patch(finish, side_effect=MemoryError), watching(camera) as stage:
        assert wait_until(lambda: bool(stage.opened))
        assert ("inference", "failed") not in stage.health
    (opened,) = stage.opened
    assert opened.photo is None
    assert stage.updated[-1].ended_at is not None
    assert len(stage.entries(PersonRecord)) == 1


def test_a_lost_camera_shows_its_last_picture_and_nobody_in_it_until_it_is_back() -> None:
    is_lost = threading.Event()

    def film(t: float) -> Image | None:
        return None if is_lost.is_set() else people_at(lambda _: [BARE])(t)

    camera = ScriptedCamera(film, speed=4)
    with (
        patch.object(LiveHub, "is_watched", return_value=True),  # so that every picture is shown
        watching(camera, camera_config(rule={"reentry_s": 600})) as stage,
    ):
        assert wait_until(lambda: violates(stage))
        is_lost.set()
        camera.refuse = "connection refused"
        assert wait_until(lambda: stage.lane.status().phase is CameraPhase.LOST)
        assert wait_until(lambda: not violates(stage))
        view = stage.hub.peek("door")
        assert view is not None
        assert view.people == ()
        assert view.jpeg is not None
        assert view.at == stage.lane.status().last_frame_at
        # Whoever is still there when the camera is back is the same.
        assert not stage.entries(PersonRecord)
        is_lost.clear()
        camera.refuse = ""
        assert wait_until(lambda: violates(stage))
    assert [each.record.track for each in stage.opened] == [7]


def test_a_short_loss_of_the_camera_ends_no_episode() -> None:
    breaks = threading.Event()

    def film(t: float) -> Image | None:
        if breaks.is_set():
            breaks.clear()
            return None
        return people_at(lambda _: [BARE])(t)

    camera = ScriptedCamera(film, speed=4)
    with watching(camera) as stage:
        assert wait_until(lambda: violates(stage))
        breaks.set()
        assert wait_until(lambda: len(camera.connections) == 2)
        looked = stage.lane.status().frames
        assert wait_until(lambda: stage.lane.status().frames > looked + 20)
        assert all(each.ended_at is None for each in stage.updated)
    assert len(stage.opened) == len(stage.entries(PersonRecord)) == 1


@pytest.mark.parametrize("refuse", ["", "connection refused"])
def test_a_lane_stops_at_once_whatever_it_waits_for(refuse: str) -> None:
    camera = ScriptedCamera(people_at(lambda _: []), end_s=0.5)
    camera.refuse = refuse
    with watching(camera) as stage:
        assert wait_until(lambda: bool(camera.orders))
        stage.lane.request_stop()
        assert stage.lane.join(3)
        assert stage.lane.status().phase is CameraPhase.STOPPED


def test_open_episodes_and_people_are_closed_when_the_lane_stops() -> None:
    stage = after_film(lambda _: [BARE], 4)
    assert stage.updated[-1].ended_at is not None
    assert len(stage.entries(PersonRecord)) == 1
