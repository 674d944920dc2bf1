import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwatch.draw import Mark, draw_marks, pixelate
from maskwatch.geometry import shared_area
from maskwatch.palette import STYLES
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Box, Fault, Image, State, Track, Verdict

FACE = Box(120, 90, 200, 190)


def grey(height: int, width: int, value: int = 128) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def changed(before: Image, after: Image) -> NDArray[np.bool_]:
    return (before != after).any(axis=2)


def test_text_of_a_mark_says_person_state_and_coverage() -> None:
    mark = Mark(FACE, State.INCORRECT, Fault.NOSE_OUT, coverage=12.4, track=3)
    assert mark.text == "#3 nose out 12%"
    assert Mark(FACE, State.NO_MASK, coverage=1.6).text == "no mask 2%"


def test_unknown_shows_no_percentage() -> None:
    assert Mark(FACE, State.UNKNOWN, coverage=50.0).text == "unknown"


def test_a_track_is_marked_with_its_verdict_where_its_face_is() -> None:
    reading = reading_of(face_at(50, 60, 40), State.NO_MASK)
    verdict = Verdict(State.MASK, coverage=91.0)
    mark = Mark.of_track(Track(7, "clip", reading, verdict, 0.0, 1.0))
    assert (mark.box, mark.text) == (Box(30, 40, 70, 80), "#7 mask 91%")


def test_drawing_leaves_the_picture_as_it_is() -> None:
    image = grey(240, 320)
    draw_marks(image, [Mark(FACE, State.MASK, coverage=97)])
    assert (image == 128).all()


def test_no_marks_change_nothing() -> None:
    assert (draw_marks(grey(24, 32), []) == 128).all()


def test_each_state_is_drawn_in_its_colour() -> None:
    for state in State:
        fault = Fault.OTHER if state is State.INCORRECT else None
        drawn = draw_marks(grey(240, 320), [Mark(FACE, state, fault, 50)])
        assert (drawn[140, 120] == STYLES[state].colour[::-1]).all()


def test_states_differ_without_colour_too() -> None:
    """With one colour and one text for all, labels still differ: by their symbols."""
    drawn = []
    for state in (State.MASK, State.NO_MASK, State.UNKNOWN):
        image = draw_marks(grey(240, 320), [Mark(FACE, state)])
        background = np.array(STYLES[state].colour[::-1])
        symbol = (image[62:92, 118:136] != background).any(axis=2)
        drawn.append(symbol)
    for a, b in itertools.combinations(drawn, 2):
        assert (a != b).mean() > 0.03


@pytest.mark.parametrize("box", [Box(0, 0, 60, 60), Box(260, 180, 320, 240), Box(0, 0, 320, 240)])
def test_labels_stay_inside_the_picture(box: Box) -> None:
    text = changed(grey(240, 320), draw_marks(grey(240, 320), [Mark(box, State.MASK, None, 100)]))
    background = np.array(STYLES[State.MASK].colour[::-1])
    drawn = draw_marks(grey(240, 320), [Mark(box, State.MASK, None, 100)])
    label = (drawn == background).all(axis=2) & text
    white = (drawn > 200).all(axis=2)
    assert label.sum() > 300
    assert white.sum() > 30


def test_labels_of_neighbours_do_not_cover_each_other() -> None:
    """Two faces side by side, nearer than a label is wide: the second label goes elsewhere."""
    left, right = Box(100, 100, 130, 140), Box(135, 100, 165, 140)
    one = draw_marks(grey(240, 320), [Mark(left, State.NO_MASK, coverage=50)])
    other = draw_marks(grey(240, 320), [Mark(right, State.MASK, coverage=50)])
    both = draw_marks(
        grey(240, 320),
        [Mark(left, State.NO_MASK, coverage=50), Mark(right, State.MASK, coverage=50)],
    )
    pixels = [changed(grey(240, 320), each).sum() for each in (one, other, both)]
    assert pixels[2] > 0.93 * (pixels[0] + pixels[1])


def test_in_a_crowd_labels_hide_neither_faces_nor_each_other() -> None:
    """Where the words have no room there is the symbol, and where that has none the box."""
    crowd = [Box(x, y, x + 18, y + 20) for y in range(20, 220, 34) for x in range(10, 300, 26)]
    larger = Mark(Box(150, 90, 180, 125), State.NO_MASK, coverage=2)
    others = [box for box in crowd if not shared_area(array(box), array(larger.box)).any()]
    drawn = draw_marks(grey(240, 320), [larger, *(Mark(box, State.UNKNOWN) for box in others)])
    inside = [drawn[int(b.y0) + 4 : int(b.y1) - 4, int(b.x0) + 4 : int(b.x1) - 4] for b in others]
    assert len(inside) > 50
    assert all((pixels == 128).any() for pixels in inside)
    letters = [edges_on_red(each) for each in (draw_marks(grey(240, 320), [larger]), drawn)]
    assert letters[0] == letters[1] > 50


def test_where_words_would_hide_other_faces_each_face_has_its_symbol() -> None:
    states = (State.MASK, State.NO_MASK, State.INCORRECT)
    faces = [Box(4 + 30 * i, 4, 24 + 30 * i, 24) for i in range(3)]
    marks = [
        Mark(box, state, Fault.NOSE_OUT if state is State.INCORRECT else None, 50, 7)
        for box, state in zip(faces, states, strict=True)
    ]
    drawn = draw_marks(grey(28, 90), marks)
    for mark in marks:
        inside = drawn[7:21, int(mark.box.x0) + 3 : int(mark.box.x1) - 3]
        of_state = {
            state: int((inside == STYLES[state].colour[::-1]).all(axis=2).sum()) for state in states
        }
        assert of_state.pop(mark.state) > 30
        assert set(of_state.values()) == {0}


def edges_on_red(picture: Image) -> int:
    """Pixels in which white letters and a red label meet."""
    blue, green, red = (picture[:, :, channel].astype(int) for channel in range(3))
    return int(((red > 205) & (blue == green) & (red - green > 8)).sum())


def array(box: Box) -> NDArray[np.float64]:
    return np.array([box], dtype=np.float64)


def test_far_faces_in_a_large_picture_are_not_hidden_by_their_labels() -> None:
    picture = np.full((3000, 4000, 3), 200, np.uint8)
    corners = [(x, y) for x in range(100, 1600, 130) for y in range(100, 1600, 130)]
    marks = [Mark(Box(x, y, x + 50, y + 60), State.MASK, None, 100.0) for x, y in corners]
    drawn = draw_marks(picture, marks)
    for x, y in corners:
        assert np.mean(drawn[y : y + 60, x : x + 50] == 200) > 0.5


@pytest.mark.parametrize(
    ("height", "width", "smallest", "largest"),
    [(180, 320, 11, 20), (720, 1280, 20, 50), (2160, 3840, 60, 140)],
)
def test_labels_grow_with_the_picture(height: int, width: int, smallest: int, largest: int) -> None:
    box = Box(0.4 * width, 0.5 * height, 0.5 * width, 0.5 * height + 0.1 * width)
    drawn = draw_marks(grey(height, width), [Mark(box, State.NO_MASK, coverage=3)])
    background = np.array(STYLES[State.NO_MASK].colour[::-1])
    above = (drawn[: int(0.49 * height)] == background).all(axis=2)
    assert smallest <= np.flatnonzero(above.any(axis=1)).size <= largest


def test_a_picture_smaller_than_a_label_is_drawn_on() -> None:
    drawn = draw_marks(grey(5, 7), [Mark(Box(1, 1, 4, 4), State.MASK, coverage=90)])
    assert drawn.shape == (5, 7, 3)
    assert draw_marks(grey(1, 1), [Mark(Box(0, 0, 1, 1), State.MASK)]).shape == (1, 1, 3)


def test_in_a_thumbnail_words_are_left_out_rather_than_cut_off() -> None:
    """Else 100 % would read 10."""
    drawn = [
        draw_marks(grey(60, 68), [Mark(Box(10, 20, 30, 44), State.MASK, coverage=percent)])
        for percent in (10, 99, 100)
    ]
    in_words, also, by_symbol = (changed(grey(60, 68), each).any(axis=0).sum() for each in drawn)
    assert in_words == also > 60
    assert by_symbol < 40


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_hidden_face_has_few_colours_left() -> None:
    hidden = pixelate(noise(240, 320), [FACE])
    inside = hidden[90:190, 120:200].reshape(-1, 3)
    assert len(np.unique(inside, axis=0)) <= 64


def test_hair_and_chin_are_hidden_too_and_the_rest_is_not() -> None:
    image = noise(240, 320)
    area = changed(image, pixelate(image, [FACE]))
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    assert (rows[0], rows[-1]) == (60, 219)
    assert (columns[0], columns[-1]) == (90, 229)


def test_hiding_cannot_be_undone_by_averaging() -> None:
    """Faces that differ but have the same block means become the same pixels."""
    image = grey(200, 200)
    other = image.copy()
    other[60:140, 60:140:2] += 40
    other[60:140, 61:140:2] -= 40
    one, two = (pixelate(each, [Box(60, 60, 140, 140)]) for each in (image, other))
    assert np.abs(one.astype(int) - two).max() <= 8


def test_boxes_that_reach_outside_are_hidden_as_far_as_they_go() -> None:
    image = noise(60, 60)
    hidden = pixelate(image, [Box(-50, -50, 20, 20), Box(200, 200, 240, 240)])
    assert changed(image, hidden)[:20, :20].mean() > 0.9
    assert not changed(image, hidden)[50:, 50:].any()


def test_a_smaller_face_before_a_larger_one_makes_its_blocks_no_finer() -> None:
    image, inside = noise(240, 320), Box(150, 130, 170, 150)
    coarse = pixelate(image, [FACE])
    assert (pixelate(image, [FACE, inside]) == coarse).all()
    assert (pixelate(image, [inside, FACE]) == coarse).all()


def test_a_tiny_face_is_hidden() -> None:
    hidden = pixelate(noise(40, 40), [Box(20, 20, 25, 25)])
    assert len(np.unique(hidden[20:25, 20:25].reshape(-1, 3), axis=0)) <= 4
