from __future__ import annotations

import pytest

from maskwatch.frames.sniff import SourceKind
from maskwatch.runtime.runs.threads import AHEAD, Shares, share_threads

VIDEO, IMAGE, STREAM = SourceKind.VIDEO, SourceKind.IMAGE, SourceKind.STREAM


@pytest.mark.parametrize(
    ("threads", "cores", "kinds", "shares"),
    [
        (2, 8, [VIDEO], Shares(1, 1, AHEAD)),
        (None, 2, [VIDEO], Shares(1, 1, AHEAD)),
        (None, 8, [VIDEO], Shares(None, 0, AHEAD)),
        (1, 2, [VIDEO], Shares(1, 1, 0)),
        (4, 4, [VIDEO], Shares(4, 4, AHEAD)),
        (2, 2, [IMAGE], Shares(2, 2, AHEAD)),
        (None, 2, [VIDEO, IMAGE], Shares(None, 0, AHEAD)),
        (2, 2, [STREAM], Shares(2, 2, AHEAD)),
    ],
)
def test_of_two_threads_one_decodes_videos_and_one_looks(
    monkeypatch: pytest.MonkeyPatch,
    threads: int | None,
    cores: int,
    kinds: list[SourceKind],
    shares: Shares,
) -> None:
    monkeypatch.setattr("maskwatch.runtime.runs.threads.cores", lambda: cores)
    monkeypatch.setattr("maskwatch.runtime.runs.threads.quota", lambda: None)
    assert share_threads(threads, kinds) == shares


def test_fewer_frames_wait_for_an_encoder() -> None:
    writing = share_threads(2, [VIDEO], writes_video=True)
    assert 0 < writing.ahead < share_threads(2, [VIDEO]).ahead
    assert share_threads(1, [VIDEO], writes_video=True).ahead == 0


def test_a_container_decodes_with_no_more_threads_than_it_may_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maskwatch.runtime.runs.threads.cores", lambda: 4)
    monkeypatch.setattr("maskwatch.runtime.runs.threads.quota", lambda: 4)
    assert share_threads(None, [VIDEO]) == Shares(None, 4, AHEAD)
    assert share_threads(3, [VIDEO]) == Shares(3, 3, AHEAD)
