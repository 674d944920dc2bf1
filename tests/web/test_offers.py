"""Which face lies before whom in review."""

from __future__ import annotations

from datetime import timedelta

from maskwatch.web.offers import Offers
from tests.web.world import NOW


def test_people_who_review_at_the_same_time_get_different_faces() -> None:
    offers = Offers()
    assert offers.choose("ravi", ["a", "b"], NOW) == "a"
    assert offers.choose("anna", ["a", "b"], NOW) == "b"
    assert offers.choose("ravi", ["a", "b"], NOW) == "a"  # the page was loaded again
    assert offers.choose("ravi", ["b", "c"], NOW) == "c"
    assert offers.choose("otto", ["b", "c"], NOW) == "b"  # rather one of two than none
    assert offers.choose("otto", [], NOW) is None


def test_a_face_that_somebody_left_lying_goes_to_others() -> None:
    offers = Offers()
    offers.choose("ravi", ["a", "b"], NOW)
    assert offers.choose("anna", ["a", "b"], NOW + timedelta(minutes=3)) == "a"
