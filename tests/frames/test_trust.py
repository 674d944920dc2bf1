from __future__ import annotations

from maskwatch.frames.trust import Trust


def shown(trust: Trust, pictures: list[tuple[float, bool]]) -> list[float]:
    """Which of some pictures, as (seconds, is a key frame), are believed; 100 stamps a second."""
    return [t for t, is_key in pictures if trust.holds(t, round(t * 100), is_key=is_key)]


def test_everything_is_believed_while_nothing_is_lost() -> None:
    assert shown(Trust(), [(0.0, True), (0.1, False), (60.0, False)]) == [0.0, 0.1, 60.0]


def test_after_a_loss_nothing_is_believed_up_to_the_next_key_frame() -> None:
    trust = Trust()
    trust.lose(20)
    pictures = [(0.2, False), (0.3, False), (0.4, True), (0.5, False)]
    assert shown(trust, pictures) == [0.4, 0.5]


def test_a_key_frame_that_was_hit_itself_ends_no_doubt() -> None:
    trust = Trust()
    trust.lose(40)
    assert shown(trust, [(0.4, True), (0.5, False), (0.6, True)]) == [0.6]


def test_a_stream_without_key_frames_is_believed_again_after_a_while() -> None:
    trust = Trust()
    trust.lose(0)
    pictures = [(float(t), False) for t in range(20)]
    assert shown(trust, pictures) == [float(t) for t in range(11, 20)]


def test_a_second_loss_is_doubted_for_as_long_as_the_first() -> None:
    trust = Trust()
    for start in (0, 100):
        trust.lose(100 * start)
        pictures = [(float(start + t), False) for t in range(20)]
        assert shown(trust, pictures) == [float(start + t) for t in range(11, 20)]


def test_key_frames_that_are_far_apart_are_waited_for() -> None:
    trust = Trust()
    shown(trust, [(0.0, True), (30.0, True)])
    trust.lose(3001)
    pictures = [(31.0, False), (50.0, False), (60.0, True), (61.0, False)]
    assert shown(trust, pictures) == [60.0, 61.0]


def test_without_time_stamps_any_key_frame_ends_the_doubt() -> None:
    trust = Trust()
    trust.lose(None)
    assert not trust.holds(0.0, None, is_key=False)
    assert trust.holds(0.1, None, is_key=True)
