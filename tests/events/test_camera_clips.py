"""The service's rules on real clips, with the models of the package."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from maskwatch.build.service import load_models
from maskwatch.config.cameras import CameraConfig
from maskwatch.config.inference import InferenceConfig
from maskwatch.events.camera import CameraWatch, Left, News, Opened, Updated
from maskwatch.frames.sampling import Sampler
from maskwatch.frames.video import VideoSource
from maskwatch.runtime.monitoring.camera.gaze import Gaze
from maskwatch.runtime.monitoring.camera.rules import rules_of
from maskwatch.runtime.monitoring.service import ServiceModels
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import State
from tests.shared import shared


@pytest.fixture(scope="module")
def models() -> Iterator[ServiceModels]:
    loaded = load_models(InferenceConfig())
    loaded.inference.start()
    yield loaded
    loaded.inference.stop()


def news_of(clip: str, models: ServiceModels) -> list[News]:
    """What a camera that shows a clip at 8 pictures a second leads to."""
    config = CameraConfig.model_validate({"url": "0"})
    watch = CameraWatch(clip, rules_of(config), TrackerSettings(start_score=models.score))
    gaze = Gaze(watch, lambda _, faces: faces)
    news: list[News] = []
    noon = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - local
    with VideoSource(shared(f"videos/{clip}"), clip, sampler=Sampler(max_fps=8)) as source:
        for frame in source:
            look = models.inference.look(lambda: frame, gaze.wanted, gaze.places)  # noqa: B023
            assert look is not None
            local = noon + timedelta(seconds=frame.t)
            news += watch.look(gaze.sight(look), local).news
    return [*news, *watch.end()]


def episodes(news: list[News]) -> list[tuple[State, float, float]]:
    return [
        (each.episode.state, each.episode.start_s, each.episode.end_s)
        for each in news
        if isinstance(each, Updated) and each.is_over
    ]


def people(news: list[News]) -> list[State]:
    return [each.person.state for each in news if isinstance(each, Left)]


def test_one_who_never_wears_a_mask_is_one_episode_with_a_clear_photo(
    models: ServiceModels,
) -> None:
    news = news_of("bearded_no_mask.mp4", models)
    (opened,) = [each for each in news if isinstance(each, Opened)]
    assert opened.coverage is not None
    assert opened.coverage < 20
    assert opened.photo is not None
    assert opened.photo.strength > 0.3
    assert opened.photo.faces[0].is_subject
    ((state, start, end),) = episodes(news)
    assert state is State.NO_MASK
    assert start < 1
    assert end > 7
    assert people(news) == [State.NO_MASK]


def test_one_who_wears_a_mask_is_counted_and_no_episode(models: ServiceModels) -> None:
    news = news_of("laptop_mask.mp4", models)
    assert episodes(news) == []
    assert people(news) == [State.MASK]


def test_four_who_put_on_masks_and_one_who_takes_his_off_again(models: ServiceModels) -> None:
    found = episodes(news_of("five_people_donning.mp4", models))
    first, second = found[:-1], found[-1]
    assert len(first) == 4
    assert all(start < 1 and 2.5 < end < 5 for _, start, end in first)
    assert 5 < second[1] < 7.5
    assert 10 < second[2] < 12.5
