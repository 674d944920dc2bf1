import weakref
from collections.abc import Sequence

import numpy as np
import pytest

from maskwatch.errors import ModelError, OutputError, SourceError, UnreadableVideo
from maskwatch.faces.base import FaceDetector
from maskwatch.frames.discover import SourceSpec
from maskwatch.frames.sniff import SourceKind
from maskwatch.outputs.base import JudgedFrame, PictureSink
from maskwatch.outputs.summary import RunSummary, SourceSummary
from maskwatch.pipeline import LookSettings
from maskwatch.runtime.runs.session import (
    Models,
    Session,
    SessionListener,
    SessionSettings,
    Sinks,
)
from maskwatch.testing import ScriptedSource, face_at
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import Box, Episode, Face, Fault, Frame, Image, State
from tests.painted import Person, SquareClassifier, SquareDetector, scene

MASKED: Person = (State.MASK, 80, 120)
BARE: Person = (State.NO_MASK, 240, 120)


def still(name: str, people: Sequence[Person] = ()) -> ScriptedSource:
    return ScriptedSource([Frame(name, 0, 0.0, scene(people))])


def clip(
    name: str, frames: Sequence[Sequence[Person]], error: SourceError | None = None
) -> ScriptedSource:
    painted = [Frame(name, i, i / 10, scene(people)) for i, people in enumerate(frames)]
    return ScriptedSource(painted, error=error, fps=10)


class FrameRecorder:
    def __init__(self, fail_at: int | None = None) -> None:
        self.frames: list[JudgedFrame] = []
        self.closed = 0
        self._fail_at = fail_at

    def write(self, judged: JudgedFrame) -> None:
        if len(self.frames) == self._fail_at:
            raise OutputError("rows.jsonl", "no space left on the device")
        self.frames.append(judged)

    def close(self) -> None:
        self.closed += 1


class EpisodeRecorder:
    def __init__(self) -> None:
        self.episodes: list[Episode] = []
        self.closed = 0

    def add(self, episodes: Sequence[Episode]) -> None:
        self.episodes.extend(episodes)

    def close(self) -> None:
        self.closed += 1


class PictureRecorder:
    def __init__(self, fail_at: int | None = None) -> None:
        self.pictures: list[Image] = []
        self.times: list[float] = []
        self.closed = 0
        self._fail_at = fail_at

    def write(self, image: Image, t: float) -> None:
        if len(self.pictures) == self._fail_at:
            raise OutputError("out/a.mp4", "no space left on the device")
        self.pictures.append(image)
        self.times.append(t)

    def close(self) -> None:
        self.closed += 1


class Interruption(ScriptedSource):
    """A source in which Ctrl-C strikes after its frames."""

    def __iter__(self):
        yield from super().__iter__()
        raise KeyboardInterrupt


class Bench:
    """A session over scripted sources, and all that it told."""

    def __init__(self, *sources: ScriptedSource, kind: SourceKind = SourceKind.VIDEO) -> None:
        self.sources = {f"{i}:{source.name}": source for i, source in enumerate(sources)}
        self.specs = [SourceSpec(s.name, kind, key) for key, s in self.sources.items()]
        self.frames: FrameRecorder | None = FrameRecorder()
        self.episodes: EpisodeRecorder | None = EpisodeRecorder()
        self.pictures: dict[str, PictureRecorder] = {}
        self.new_pictures = PictureRecorder
        self.listener: SessionListener = SessionListener()
        self.is_summary_kept = False
        self.detector: FaceDetector | None = None

    def run(
        self,
        settings: SessionSettings | None = None,
        score: float = 0.9,
        tracking: TrackerSettings | None = None,
    ) -> RunSummary:
        frames = [] if self.frames is None else [self.frames]
        episodes = [] if self.episodes is None else [self.episodes]
        session = Session(
            Models(self.detector or SquareDetector(score), SquareClassifier()),
            lambda spec: self.sources[spec.location],
            Sinks(frames, episodes, self._pictures, self.is_summary_kept),
            settings,
            tracking=tracking,
            listener=self.listener,
        )
        return session.run(self.specs)

    def _pictures(self, spec: SourceSpec, _: object) -> list[PictureSink]:
        self.pictures[spec.name] = self.new_pictures()
        return [self.pictures[spec.name]]


def test_in_an_image_every_face_is_a_person() -> None:
    bench = Bench(still("a.jpg", [MASKED, BARE]), kind=SourceKind.IMAGE)
    (source,) = bench.run().sources
    assert (source.frames, source.readings, source.kind) == (1, 2, "image")
    assert dict(source.tally.conditions) == {(State.MASK, None): 1, (State.NO_MASK, None): 1}
    assert [track for _, track in bench.frames.frames[0].faces] == [None, None]


def test_in_a_video_people_are_counted_once_and_violations_become_episodes() -> None:
    bench = Bench(clip("a.mp4", [[MASKED, BARE]] * 30))
    summary = bench.run()
    assert summary.total.people == 2
    assert summary.total.in_state(State.MASK) == 1
    (episode,) = bench.episodes.episodes
    assert (episode.state, episode.ongoing) == (State.NO_MASK, True)
    assert summary.episodes == (episode,)
    assert {track.id for _, track in bench.frames.frames[-1].faces if track} == {1, 2}


def test_an_episode_is_told_as_soon_as_it_has_ended() -> None:
    frames = [[BARE]] * 20 + [[(State.MASK, 240, 120)]] * 60
    bench = Bench(clip("a.mp4", frames))
    told_at: list[int] = []

    class Watcher(SessionListener):
        def frame_done(self, frame: Frame) -> None:
            if bench.episodes.episodes:
                told_at.append(frame.index)

    bench.listener = Watcher()
    bench.run()
    assert len(bench.episodes.episodes) == 1
    assert told_at
    assert told_at[0] < 79


def test_a_source_that_breaks_off_keeps_what_was_seen_and_the_next_one_is_looked_at() -> None:
    broken = clip("a.mp4", [[MASKED]] * 20, UnreadableVideo("a.mp4", "cut off"))
    bench = Bench(broken, clip("b.mp4", [[BARE]] * 20))
    first, second = bench.run().sources
    assert (first.error is not None, first.frames, first.tally.people) == (True, 20, 1)
    assert (second.error, second.tally.violations) == (None, 1)
    assert bench.pictures["a.mp4"].closed == 1
    assert broken.exited == 1


@pytest.mark.parametrize(
    ("frames", "damaged", "stated", "is_live", "reason"),
    [
        (99, 1, 100, False, None),  # as where recordings were joined
        (98, 2, 100, False, "2 of 100 frames are damaged and were left out"),
        (20, 280, 300, False, "280 of 300 frames are damaged and were left out"),
        (100, 50, 0, True, None),  # a network loses some, and the service tells how many
    ],
)
def test_a_recording_of_which_much_is_damaged_has_not_been_looked_at_as_a_whole(
    frames: int, damaged: int, stated: int, is_live: bool, reason: str | None
) -> None:
    class Counted(ScriptedSource):
        frame_count = None if is_live else stated

    pictures = [Frame("a.mp4", i, i / 10, scene([MASKED])) for i in range(frames)]
    bench = Bench(Counted(pictures, damaged=damaged, is_live=is_live))
    (source,) = bench.run().sources
    assert (source.frames, source.damaged, source.tally.people) == (frames, damaged, 1)
    assert (None if source.error is None else source.error.reason) == reason


def test_a_source_that_cannot_be_opened_is_named_and_the_rest_goes_on() -> None:
    told: list[SourceSummary] = []

    class Listener(SessionListener):
        def source_done(self, summary: SourceSummary) -> None:
            told.append(summary)

    bench = Bench(clip("a.mp4", []), clip("b.mp4", [[MASKED]] * 20))
    bench.sources["0:scripted"] = clip("a.mp4", [], UnreadableVideo("a.mp4", "no video stream"))
    bench.listener = Listener()
    summary = bench.run()
    assert [str(error) for error in summary.source_errors] == ["a.mp4: no video stream"]
    assert [each.error is None for each in told] == [False, True]


def test_pictures_that_cannot_be_written_are_given_up_and_rows_go_on() -> None:
    bench = Bench(clip("a.mp4", [[MASKED]] * 10), clip("b.mp4", [[MASKED]] * 10))
    bench.new_pictures = lambda: PictureRecorder(fail_at=None if bench.pictures else 3)
    summary = bench.run()
    assert [error.path for error in summary.output_errors] == ["out/a.mp4"]
    assert len(bench.pictures["a.mp4"].pictures) == 3
    assert len(bench.pictures["b.mp4"].pictures) == 10
    assert [each.closed for each in bench.pictures.values()] == [1, 1]
    assert len(bench.frames.frames) == 20


def test_rows_that_cannot_be_written_are_given_up_once_and_pictures_go_on() -> None:
    bench = Bench(clip("a.mp4", [[MASKED]] * 10), clip("b.mp4", [[MASKED]] * 10))
    bench.frames = FrameRecorder(fail_at=4)
    summary = bench.run()
    assert len(summary.output_errors) == 1
    assert bench.frames.closed == 1
    assert sum(len(each.pictures) for each in bench.pictures.values()) == 20


def test_the_listener_is_told_once_of_each_output_that_fails() -> None:
    class Told(SessionListener):
        def __init__(self) -> None:
            self.failed: list[OutputError] = []

        def output_failed(self, error: OutputError) -> None:
            self.failed.append(error)

    bench = Bench(clip("a.mp4", [[MASKED]] * 10))
    bench.frames, bench.new_pictures = FrameRecorder(fail_at=4), lambda: PictureRecorder(fail_at=6)
    bench.listener = told = Told()
    summary = bench.run()
    assert tuple(told.failed) == summary.output_errors
    assert [error.path for error in told.failed] == ["rows.jsonl", "out/a.mp4"]


def test_ctrl_c_closes_everything_and_keeps_what_was_seen() -> None:
    frames = [Frame("a.mp4", i, i / 10, scene([BARE])) for i in range(20)]
    bench = Bench(Interruption(frames), clip("b.mp4", [[MASKED]] * 20))
    summary = bench.run()
    assert summary.interrupted
    assert [source.frames for source in summary.sources] == [20]
    assert len(bench.episodes.episodes) == 1
    assert (bench.frames.closed, bench.episodes.closed) == (1, 1)
    assert bench.pictures["a.mp4"].closed == 1


def test_ctrl_c_between_two_sources_keeps_what_was_seen_as_well() -> None:
    class Struck(SessionListener):
        def source_done(self, _: SourceSummary) -> None:
            raise KeyboardInterrupt

    bench = Bench(clip("a.mp4", [[BARE]] * 20), clip("b.mp4", [[MASKED]]))
    bench.listener = Struck()
    summary = bench.run()
    assert summary.interrupted
    assert [source.frames for source in summary.sources] == [20]
    assert summary.not_reached == ("b.mp4",)
    assert (bench.frames.closed, bench.episodes.closed) == (1, 1)


@pytest.mark.parametrize("blur", [False, True])
def test_the_picture_that_ctrl_c_strikes_at_is_written_as_it_is_counted(blur: bool) -> None:
    class Struck(PictureRecorder):
        is_struck = False

        def write(self, image: Image, t: float) -> None:
            if not self.is_struck:
                self.is_struck = True
                raise KeyboardInterrupt
            super().write(image, t)

    bench = Bench(still("a.jpg", [MASKED]), still("b.jpg", [MASKED]), kind=SourceKind.IMAGE)
    bench.new_pictures = Struck
    summary = bench.run(SessionSettings(blur=blur))
    assert (summary.interrupted, summary.not_reached) == (True, ("b.jpg",))
    assert (len(bench.frames.frames), summary.total.people) == (1, 1)
    assert len(bench.pictures["a.jpg"].pictures) == 1


def test_sources_that_were_not_reached_are_named() -> None:
    frames = [Frame("a.mp4", i, i / 10, scene([BARE])) for i in range(20)]
    bench = Bench(Interruption(frames), clip("b.mp4", [[MASKED]]), clip("c.mp4", [[MASKED]]))
    assert bench.run().not_reached == ("b.mp4", "c.mp4")
    assert Bench(clip("a.mp4", [[MASKED]])).run().not_reached == ()


def test_a_live_source_that_others_follow_is_refused_and_the_others_are_looked_at() -> None:
    def live(name: str) -> ScriptedSource:
        return ScriptedSource(clip(name, [[BARE]] * 10)._frames, is_live=True)

    bench = Bench(live("http://a/cam"), clip("b.mp4", [[MASKED]]), live("http://c/cam"))
    first, second, third = bench.run().sources
    assert first.error is not None
    assert "name it last, or watch several with `maskwatch serve`" in first.error.reason
    assert (first.frames, second.frames, third.frames) == (0, 1, 10)
    assert third.error is None


class Faulty(ScriptedSource):
    """A source in which a mistake of this program shows after its frames."""

    def __iter__(self):
        yield from super().__iter__()
        raise OverflowError("math range error")


def test_a_mistake_in_the_program_loses_nothing_of_what_was_seen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frames = [Frame("a.mp4", i, i / 10, scene([BARE])) for i in range(20)]
    bench = Bench(Faulty(frames), clip("b.mp4", [[MASKED]] * 20))
    summary = bench.run()
    first, second = summary.sources
    assert first.error is not None
    assert first.error.reason == "looking at it failed (OverflowError: math range error)"
    assert "Traceback" in caplog.text
    assert (first.frames, second.frames, len(bench.episodes.episodes)) == (20, 20, 1)
    assert (bench.frames.closed, bench.episodes.closed) == (1, 1)


def test_models_that_cannot_be_used_end_the_run_and_what_was_seen_is_written() -> None:
    class WithoutModel(ScriptedSource):
        def __iter__(self):
            yield from super().__iter__()
            raise ModelError("the model is gone")

    frames = [Frame("a.mp4", i, i / 10, scene([BARE])) for i in range(20)]
    bench = Bench(WithoutModel(frames))
    with pytest.raises(ModelError):
        bench.run()
    assert len(bench.episodes.episodes) == 1
    assert (bench.frames.closed, bench.episodes.closed) == (1, 1)


def without_pictures(bench: Bench) -> Bench:
    bench._pictures = lambda *_: []  # type: ignore[method-assign]
    return bench


def test_a_run_ends_when_all_that_was_asked_for_has_failed() -> None:
    bench = without_pictures(Bench(clip("a.mp4", [[MASKED]] * 10), clip("b.mp4", [[MASKED]])))
    bench.frames, bench.episodes = FrameRecorder(fail_at=4), None
    summary = bench.run()
    (source,) = summary.sources
    assert source.frames == 5
    assert source.error is not None
    assert source.error.reason == "stopped: no result can be written any more"
    assert len(summary.output_errors) == 1
    assert summary.not_reached == ("b.mp4",)


@pytest.mark.parametrize("left", ["summary", "episodes", "pictures", "table"])
def test_a_run_goes_on_while_anything_that_was_asked_for_works(left: str) -> None:
    bench = Bench(clip("a.mp4", [[MASKED]] * 10))
    if left != "pictures":
        without_pictures(bench)
    if left != "episodes":
        bench.episodes = None
    bench.frames = None if left == "table" else FrameRecorder(fail_at=4)
    bench.is_summary_kept = left == "summary"
    (source,) = bench.run().sources
    assert (source.frames, source.error) == (10, None)


def test_a_listener_can_stop_the_run() -> None:
    class Impatient(SessionListener):
        stop = False

        def frame_done(self, frame: Frame) -> None:
            self.stop = frame.index == 4

        def should_stop(self) -> bool:
            return self.stop

    bench = Bench(clip("a.mp4", [[MASKED]] * 20), clip("b.mp4", [[MASKED]] * 20))
    bench.listener = Impatient()
    summary = bench.run()
    assert [source.frames for source in summary.sources] == [5]
    assert not summary.interrupted
    assert bench.frames.closed == 1


def test_weak_faces_are_left_out_of_images_and_of_videos_unless_they_belong_to_somebody() -> None:
    images = Bench(still("a.jpg", [MASKED]), kind=SourceKind.IMAGE)
    assert images.run(score=0.4).total.people == 0
    videos = Bench(clip("a.mp4", [[MASKED]] * 20))
    assert videos.run(score=0.4).sources[0].readings == 0


def test_small_faces_are_left_out() -> None:
    bench = Bench(still("a.jpg", [MASKED]), kind=SourceKind.IMAGE)
    assert bench.run(SessionSettings(min_face_px=61)).total.people == 0
    assert bench.run(SessionSettings(min_face_px=60)).total.people == 1


def test_blur_hides_faces_that_are_left_out_too() -> None:
    rng = np.random.default_rng(0)
    image = scene([BARE])
    image[90:150, 210:270, :2] = rng.integers(0, 60, (60, 60, 2))
    for start_score, min_face_px in ((0.5, 0), (0.95, 0), (0.5, 100)):
        source = ScriptedSource([Frame("a.jpg", 0, 0.0, image)])
        bench = Bench(source, kind=SourceKind.IMAGE)
        settings = SessionSettings(min_face_px, blur=True)
        bench.run(settings, tracking=TrackerSettings(start_score=start_score))
        (picture,) = bench.pictures["a.jpg"].pictures
        inside = picture[100:140, 220:260].reshape(-1, 3)
        assert len(np.unique(inside, axis=0)) <= 36


class Dawdling(SquareDetector):
    """Finds nobody in the first frames, as while only half a face is in the picture."""

    def __call__(self, frame: Frame) -> list[Face]:
        return super().__call__(frame) if frame.index >= 3 else []


@pytest.mark.parametrize("ends", [False, True])
def test_blur_hides_a_face_in_the_frames_before_it_was_found(ends: bool) -> None:
    frames = [Frame("a.mp4", i, i / 25, scene([BARE])) for i in range(6)]
    for frame in frames:
        frame.image[90:150:2, 210:270] = (0, 0, 255)
    bench = Bench(Interruption(frames) if ends else ScriptedSource(frames))
    bench.detector = Dawdling()
    bench.run(SessionSettings(blur=True))
    pictures, times = bench.pictures["a.mp4"].pictures, bench.pictures["a.mp4"].times
    assert times == [i / 25 for i in range(6)]
    insides = [picture[110:130, 230:250].reshape(-1, 3) for picture in pictures]
    assert all((inside != (0, 0, 255)).any(axis=1).all() for inside in insides)


@pytest.mark.parametrize("blur", [False, True])
def test_with_blur_every_frame_is_looked_at_however_seldom_looks_are_wanted(blur: bool) -> None:
    class Counting(SquareDetector):
        frames = 0

        def __call__(self, frame: Frame) -> list[Face]:
            self.frames += 1
            return super().__call__(frame)

    bench = Bench(clip("a.mp4", [[MASKED]] * 30))
    bench.detector = detector = Counting()
    bench.run(SessionSettings(blur=blur, looks=LookSettings(interval_s=0.5)))
    assert (detector.frames == 30) is blur


class Glancing(SquareDetector):
    """Finds nobody when it looks quickly."""

    def sweep(self, _frame: Frame) -> list[Face]:
        return []

    def near(self, _frame: Frame, _expected: Sequence[Box]) -> list[Face]:
        return []


@pytest.mark.parametrize(
    ("settings", "people"),
    [
        (SessionSettings(), 0),
        (SessionSettings(looks=LookSettings(0.0, small_faces=True)), 1),
        (SessionSettings(blur=True), 1),
    ],
)
def test_far_faces_are_looked_for_in_videos_when_asked_and_where_faces_are_hidden(
    settings: SessionSettings, people: int
) -> None:
    bench = Bench(clip("a.mp4", [[MASKED]] * 30))
    bench.detector = Glancing()
    assert bench.run(settings).total.people == people


def test_far_faces_are_always_looked_for_in_pictures() -> None:
    bench = Bench(still("a.jpg", [MASKED]), kind=SourceKind.IMAGE)
    bench.detector = Glancing()
    assert bench.run(SessionSettings()).total.people == 1


def test_blur_hides_a_face_that_was_found_just_before_ctrl_c() -> None:
    class Struck(FrameRecorder):
        def write(self, judged: JudgedFrame) -> None:
            if judged.frame.index == 3:
                raise KeyboardInterrupt

    frames = [Frame("a.mp4", i, i / 25, scene([BARE])) for i in range(6)]
    for frame in frames:
        frame.image[90:150:2, 210:270] = (0, 0, 255)
    bench = Bench(ScriptedSource(frames))
    bench.frames, bench.detector = Struck(), Dawdling()
    assert bench.run(SessionSettings(blur=True)).interrupted
    pictures = bench.pictures["a.mp4"].pictures
    assert len(pictures) >= 3
    insides = [picture[110:130, 230:250].reshape(-1, 3) for picture in pictures]
    assert all((inside != (0, 0, 255)).any(axis=1).all() for inside in insides)


def test_a_face_in_a_video_is_marked_from_when_it_is_somebody() -> None:
    bench = Bench(clip("a.mp4", [[MASKED]] * 20))
    bench.run()
    pictures = bench.pictures["a.mp4"].pictures
    assert (pictures[0] == scene([MASKED])).all()
    assert (pictures[-1] != scene([MASKED])).any()


def test_a_stream_of_a_single_picture_counts_its_faces() -> None:
    bench = Bench(still("http://camera/now.jpg", [MASKED, BARE]), kind=SourceKind.STREAM)
    assert bench.run().total.people == 2


@pytest.mark.parametrize("kind", [SourceKind.IMAGE, SourceKind.VIDEO])
def test_a_source_without_faces_counts_nobody(kind: SourceKind) -> None:
    bench = Bench(still("a"), kind=kind)
    summary = bench.run()
    assert (summary.total.people, summary.sources[0].frames) == (0, 1)
    assert len(bench.pictures["a"].pictures) == 1


def test_the_fault_of_a_track_is_counted() -> None:
    bench = Bench(clip("a.mp4", [[(State.INCORRECT, 100, 100)]] * 20))
    assert bench.run().total.with_fault(Fault.NOSE_OUT) == 1


def test_faces_have_the_place_they_were_painted_at() -> None:
    bench = Bench(still("a.jpg", [MASKED]), kind=SourceKind.IMAGE)
    bench.run()
    ((reading, _),) = bench.frames.frames[0].faces
    assert reading.face.box == face_at(80, 120, 60).box


@pytest.mark.parametrize("blur", [False, True])
def test_of_an_endless_stream_only_the_newest_pictures_are_kept(blur: bool) -> None:
    taken: list[weakref.ref[Image]] = []
    kept: list[int] = []

    class Endless(ScriptedSource):
        def __iter__(self):
            for i in range(400):
                here = [(State.NO_MASK, 60 + 2 * (i % 100), 120)] if i % 100 < 80 else []
                picture = scene(here)
                taken.append(weakref.ref(picture))
                yield Frame("rtsp://cam/1", i, i / 10, picture)
                del picture
                kept.append(sum(each() is not None for each in taken))

    class Passing(PictureRecorder):
        def write(self, _image: Image, t: float) -> None:
            self.times.append(t)

    first = Frame("rtsp://cam/1", 0, 0.0, scene([]))
    bench = Bench(Endless([first], is_live=True), kind=SourceKind.STREAM)
    bench.frames, bench.new_pictures = None, Passing
    summary = bench.run(SessionSettings(blur=blur))
    assert len(summary.episodes) == 4
    assert len(bench.pictures["rtsp://cam/1"].times) == 400
    assert max(kept) <= 12  # a second of them; hundreds were shown
