"""Confidence intervals for shares."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson_interval(
    successes: int, total: int, confidence: float = 0.95
) -> tuple[float, float] | None:
    """The Wilson score interval of a share: honest for few cases and near 0 or 1.

    Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22, 1927.

    Args:
        successes: number of cases that count, 0 to ``total``.
        total: number of cases.
        confidence: probability that the interval should hold, above 0 and below 1.

    Returns:
        (low, high) in [0, 1], or None when there are no cases.

    Raises:
        ValueError: an argument lies outside its range.
    """
    if not 0 <= successes <= total:
        raise ValueError(f"need 0 <= successes <= total, got {successes} of {total}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    if total == 0:
        return None
    share = successes / total
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    centre, scale = share + z * z / (2 * total), 1 + z * z / total
    # Rounding must neither leave [0, 1] nor exclude the share itself.
    low = min(max(0.0, (centre - spread) / scale), share)
    return low, max(min(1.0, (centre + spread) / scale), share)
