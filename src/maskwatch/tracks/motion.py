"""How a face moves between looks: a Kalman filter in seconds, so any frame rate will do.

The four axes (centre x, centre y, log width, log height) are filtered independently. Velocities
fade with time (an Ornstein-Uhlenbeck process, the continuous form of a damped constant-velocity
model): a face that was lost for a second is looked for a little further on, not where a noisy
velocity would have carried it. Noise scales with the size of the face, as in Wojke et al.,
"Simple online and realtime tracking with a deep association metric", ICIP 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from maskwatch.geometry import FloatArray
from maskwatch.types import Box

VELOCITY_FADE_S = 0.5
"""Time in which a velocity falls to 1/e when nothing confirms it."""
SPEED_SIZES_PER_S = 3.0
"""Typical speed of a face in its own sizes per second: a face is about 0.16 m wide, so 0.5 m/s."""
ZOOM_PER_S = 0.5
"""Typical change of log size per second: walking towards the camera from a few metres away."""
DETECTION_NOISE = 0.06
"""Standard deviation of a detected edge, in sizes of the face."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where a face is believed to be and how it moves.

    The axes are centre x and y in pixels, then natural log of width and height in pixels.
    """

    position: FloatArray
    """``(4,)``."""
    velocity: FloatArray
    """``(4,)`` per second."""
    covariance: FloatArray
    """``(3, 4)``: variance of position, covariance of both, variance of velocity, per axis."""

    @property
    def box(self) -> Box:
        """The believed box in pixels; its sides are always positive."""
        return _box_at(self.position)


def begin(box: Box) -> Motion:
    """The belief after seeing a face once: its place is known, its velocity is not."""
    position = _measured(box)
    covariance = np.zeros((3, 4))
    covariance[0] = _detection_variance(position)
    covariance[2] = _velocity_variance(position)
    return Motion(position, np.zeros(4), covariance)


def predict(motion: Motion, dt: float) -> Motion:
    """The belief ``dt`` seconds later (``dt`` >= 0) when nothing is seen in between."""
    fade = VELOCITY_FADE_S
    keep = math.exp(-dt / fade)
    reach = _reach(dt)
    # Diffusion that keeps the variance of an unobserved velocity at its typical value; its
    # integrals over dt are exact, because dt may well be longer than the fading takes.
    diffusion = 2 * _velocity_variance(motion.position) / fade
    fresh = fade / 2 * (1 - keep**2)
    place, joint, speed = motion.covariance
    covariance = np.stack(
        [
            place
            + 2 * reach * joint
            + reach**2 * speed
            + diffusion * fade**2 * (dt - 2 * reach + fresh),
            keep * (joint + reach * speed) + diffusion * reach**2 / 2,
            keep**2 * speed + diffusion * fresh,
        ]
    )
    return Motion(motion.position + reach * motion.velocity, keep * motion.velocity, covariance)


def expected_box(motion: Motion, dt: float) -> Box:
    """``predict(motion, dt).box``, without the rest of the belief."""
    return _box_at(motion.position + _reach(dt) * motion.velocity)


def expected_travel(motion: Motion, since: float, until: float) -> float:
    """How far the face should come between two times, in its own sizes.

    Args:
        motion: the belief.
        since: seconds after what is believed.
        until: the same, later.
    """
    across, down, _, _ = motion.velocity.tolist()
    pixels = math.hypot(across, down) * (_reach(until) - _reach(since))
    return pixels / max(math.exp(float(np.min(motion.position[2:]))), 1.0)


def correct(motion: Motion, box: Box) -> Motion:
    """The belief after the face was seen at ``box``."""
    place, joint, speed = motion.covariance
    total = place + _detection_variance(motion.position)
    gain, velocity_gain = place / total, joint / total
    surprise = _measured(box) - motion.position
    covariance = np.stack(
        [(1 - gain) * place, (1 - gain) * joint, speed - velocity_gain * joint],
    )
    return Motion(
        motion.position + gain * surprise,
        motion.velocity + velocity_gain * surprise,
        covariance,
    )


def _reach(dt: float) -> float:
    """Seconds that a fading velocity is worth after ``dt`` seconds."""
    return VELOCITY_FADE_S * (1 - math.exp(-dt / VELOCITY_FADE_S))


def _box_at(position: FloatArray) -> Box:
    x, y, log_width, log_height = position.tolist()
    half_width, half_height = math.exp(log_width) / 2, math.exp(log_height) / 2
    return Box(x - half_width, y - half_height, x + half_width, y + half_height)


def _measured(box: Box) -> FloatArray:
    return np.array([*box.middle, math.log(box.width), math.log(box.height)])


def _axis_scales(position: FloatArray, place: float, log_size: float) -> FloatArray:
    size = math.exp(float(position[2] + position[3]) / 2)
    return np.array([place * size, place * size, log_size, log_size])


def _detection_variance(position: FloatArray) -> FloatArray:
    return _axis_scales(position, DETECTION_NOISE, DETECTION_NOISE) ** 2


def _velocity_variance(position: FloatArray) -> FloatArray:
    return _axis_scales(position, SPEED_SIZES_PER_S, ZOOM_PER_S) ** 2
