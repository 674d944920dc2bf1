from __future__ import annotations

import pytest

from maskwatch.metrics.compliance import Compliance


def test_the_rate_has_the_interval_of_its_counts() -> None:
    # Wilson for 3 of 4, as in R: prop.test(3, 4, correct = FALSE)
    expected = Compliance(3, 4, 0.75, pytest.approx(0.3006418), pytest.approx(0.9544127))
    assert Compliance.of(3, 4) == expected


def test_nobody_has_no_rate() -> None:
    assert Compliance.of(0, 0) == Compliance(0, 0, None, None, None)
