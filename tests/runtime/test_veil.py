from maskwatch.runtime.veil import Veil
from maskwatch.testing import face_at
from maskwatch.types import TimedBox

HERE, THERE = face_at(100, 100), face_at(300, 100)


def test_a_face_that_is_missed_for_a_moment_stays_hidden_where_it_was() -> None:
    veil, seen = Veil(linger_s=0.5), TimedBox(0.0, HERE.box)
    assert veil.over(0.0, [HERE]) == [seen]
    assert veil.over(0.4, []) == [seen]
    assert veil.over(0.6, []) == []


def test_where_looks_are_rare_what_the_last_one_found_is_hidden_unless_that_was_long_ago() -> None:
    veil = Veil(linger_s=0.5)
    veil.over(0.0, [HERE])
    assert veil.over(2.0, []) == [TimedBox(0.0, HERE.box)]
    assert veil.over(4.0, []) == []
    veil.over(4.0, [HERE])
    assert veil.over(9.0, []) == []


def test_a_face_that_hardly_moves_is_hidden_once() -> None:
    veil = Veil()
    veil.over(0.0, [HERE])
    moved = face_at(102, 100)
    assert veil.over(0.1, [moved]) == [TimedBox(0.1, moved.box)]


def test_a_face_that_jumps_hides_where_it_was_too() -> None:
    veil = Veil()
    veil.over(0.0, [HERE])
    assert veil.over(0.1, [THERE]) == [TimedBox(0.0, HERE.box), TimedBox(0.1, THERE.box)]
