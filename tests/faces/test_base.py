from maskwatch.faces.base import wanted_faces
from maskwatch.testing import face_at

STRONG, WEAK, SMALL = face_at(100, 100), face_at(300, 100, score=0.3), face_at(500, 100, size=10)


def test_weak_and_small_faces_are_not_wanted() -> None:
    assert wanted_faces([SMALL, STRONG, WEAK], 0.5, 20) == [STRONG]
    assert wanted_faces([SMALL, STRONG, WEAK], 0.5) == [SMALL, STRONG]
    assert wanted_faces([STRONG, WEAK], WEAK.score, STRONG.box.side) == [STRONG, WEAK]
