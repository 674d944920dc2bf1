"""Make the sample pictures and the sample clip in ``samples/``.

They show one public-domain portrait, shipped by scikit-image, with masks drawn by
``maskwatch_train.synthesis``. Everything is seeded: the same versions give the same files.

Needs the extra ``train`` and scikit-image::

    pip install '.[train]' 'scikit-image==0.26.*'
    python scripts/make_samples.py
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from skimage import data

from maskwatch.types import Box, Face, Landmarks, Point
from maskwatch_train.synthesis import OccluderKind, WearKind, draw_mask, occlude, synthesise
from maskwatch_train.synthesis.head import fit_head
from maskwatch_train.synthesis.surface import Tent
from maskwatch_train.synthesis.wear import Placement, place

if TYPE_CHECKING:
    from maskwatch.types import Image

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
JPEG_QUALITY = 88

# The face as YuNet finds it in the portrait.
LANDMARKS = Landmarks(
    Point(203.4, 103.6),
    Point(247.5, 104.4),
    Point(224.1, 127.7),
    Point(204.0, 143.1),
    Point(242.9, 143.7),
)
PORTRAIT_FACE = Face(Box(178.1, 65.0, 269.5, 176.4), 0.9, LANDMARKS)
# The person in the portrait, clockwise from the hair at the left; traced by eye.
OUTLINE = (
    *((153, 92), (157, 60), (175, 38), (200, 24), (228, 16), (262, 22), (286, 42), (299, 72)),
    *((299, 100), (287, 124), (274, 132), (264, 162), (258, 178), (282, 192), (300, 222)),
    *((306, 246), (330, 262), (350, 290), (362, 348), (395, 345), (440, 350), (475, 378)),
    *((495, 425), (500, 470), (496, 512), (24, 512), (22, 470), (30, 400), (40, 330)),
    *((48, 268), (78, 238), (114, 212), (113, 190), (128, 166), (152, 152), (183, 150)),
    *((181, 132), (168, 122), (157, 112)),
)

SINGLES = {
    "portrait_mask.jpg": (WearKind.MASK, 19),
    "portrait_nose_out.jpg": (WearKind.NOSE_OUT, 17),
    "portrait_under_chin.jpg": (WearKind.UNDER_CHIN, 20),
    "portrait_chin_out.jpg": (WearKind.CHIN_OUT, 22),
}
HAND_SEED = 8

GROUP_SIZE = (1280, 540)
CLIP_SIZE = (640, 360)
CLIP_FPS, CLIP_SECONDS = 12, 8
ARRIVES_S, PULLS_DOWN_S, PULLS_UP_S, PULL_TAKES_S = 2.0, 3.0, 6.0, 0.5
CLIP_MASK_SEED = 10


@dataclass(frozen=True)
class Pose:
    """Where a cut-out portrait stands in a scene."""

    x: float
    """Of the eyes, in pixels of the scene."""
    y: float
    scale: float
    lean: float = 0.0
    """Radians, clockwise."""
    mirrored: bool = False
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Brightness of blue, green and red."""


def main() -> None:
    """Write every sample."""
    SAMPLES.mkdir(exist_ok=True)
    portrait = np.ascontiguousarray(data.astronaut()[..., ::-1])  # type: ignore[no-untyped-call]
    save(portrait, "portrait_bare.jpg")
    for name, (kind, seed) in SINGLES.items():
        save(synthesise(portrait, PORTRAIT_FACE, kind, np.random.default_rng(seed)), name)
    hand = occlude(portrait, PORTRAIT_FACE, OccluderKind.HAND, np.random.default_rng(HAND_SEED))
    save(hand, "portrait_hand.jpg")
    matte = cut_out(portrait)
    save(group(portrait, matte), "states.jpg")
    write_clip(portrait, matte, SAMPLES / "clip.mp4")


def save(image: Image, name: str) -> None:
    """Write a JPEG among the samples."""
    if not cv2.imwrite(str(SAMPLES / name), image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise OSError(f"cannot write {SAMPLES / name}")


def cut_out(portrait: Image) -> Image:
    """``(H, W)`` uint8 opacity of the person: the traced outline, moved to the nearest edges."""
    outline = np.zeros(portrait.shape[:2], np.uint8)
    cv2.fillPoly(outline, [np.array(OUTLINE)], 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    marks = np.full(outline.shape, cv2.GC_BGD, np.uint8)
    marks[cv2.dilate(outline, disc) > 0] = cv2.GC_PR_BGD
    marks[outline > 0] = cv2.GC_PR_FGD
    marks[cv2.erode(outline, disc) > 0] = cv2.GC_FGD
    cv2.setRNGSeed(0)
    # The rectangle and the two colour models are work space: the marks say everything.
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(portrait, marks, (0, 0, 1, 1), *models, 3, cv2.GC_INIT_WITH_MASK)
    person = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    clean = cv2.erode(cv2.morphologyEx(person, cv2.MORPH_OPEN, disc), disc[2:7, 2:7])
    return np.asarray(cv2.GaussianBlur(clean * 255, (0, 0), 1.2), np.uint8)


def stand(scene: Image, portrait: Image, matte: Image, pose: Pose) -> Image:
    """A copy of ``scene`` with the person in it."""
    eyes = np.mean([LANDMARKS.right_eye, LANDMARKS.left_eye], axis=0)
    cos, sin = pose.scale * math.cos(pose.lean), pose.scale * math.sin(pose.lean)
    turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if pose.mirrored else 1.0, 1.0])
    matrix = np.column_stack([turn, np.array([pose.x, pose.y]) - turn @ eyes])
    size = scene.shape[1::-1]
    # Smooth before shrinking, or fine detail flickers.
    soft = cv2.GaussianBlur(portrait, (0, 0), 0.45 / pose.scale) if pose.scale < 0.9 else portrait
    person = cv2.warpAffine(soft, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    alpha = cv2.warpAffine(matte, matrix, size, flags=cv2.INTER_LINEAR)[..., None] / 255
    mixed = scene * (1 - alpha) + np.clip(person * pose.gain, 0, 255) * alpha
    return np.asarray(np.rint(mixed), np.uint8)


def wall(size: tuple[int, int], tint: tuple[float, float, float]) -> Image:
    """A brick wall out of focus, ``size`` (width, height) pixels, lit from the left."""
    lying = np.ascontiguousarray(np.rot90(data.brick()))  # type: ignore[no-untyped-call]
    bricks = cv2.resize(lying, (size[0], size[0]), interpolation=cv2.INTER_AREA)[: size[1]]
    soft = cv2.GaussianBlur(bricks, (0, 0), 2.5).astype(np.float32)
    light = np.linspace(1.1, 0.75, size[0])[None, :]
    return np.asarray(np.clip((soft * light)[..., None] * tint, 0, 255), np.uint8)


def group(portrait: Image, matte: Image) -> Image:
    """Five people before a wall: near and far, mirrored, brighter and darker, worn in all ways."""
    people: tuple[tuple[WearKind | None, int, Pose], ...] = (
        (WearKind.MASK, 1, Pose(190, 270, 0.74, 0.05, True, (0.85, 0.87, 0.9))),
        (WearKind.UNDER_CHIN, 6, Pose(640, 285, 0.66, -0.04, False, (0.95, 0.9, 0.85))),
        (None, 0, Pose(1100, 275, 0.74, 0.04, True, (0.8, 0.85, 0.92))),
        (WearKind.NOSE_OUT, 17, Pose(420, 345, 1.0, -0.05, False, (1.0, 1.0, 1.0))),
        (WearKind.CHIN_OUT, 8, Pose(860, 360, 1.08, 0.06, True, (1.04, 1.0, 0.97))),
    )
    scene = wall(GROUP_SIZE, (0.8, 0.9, 1.0))
    for kind, seed, pose in people:
        worn = portrait
        if kind is not None:
            worn = synthesise(portrait, PORTRAIT_FACE, kind, np.random.default_rng(seed))
        scene = stand(scene, worn, matte, pose)
    return scene


def between(start: Placement, end: Placement, share: float) -> Placement:
    """The placement at ``share`` of the way from ``start`` to ``end``."""

    def mix(a: float, b: float) -> float:
        return a + (b - a) * share

    def blend(a: Tent, b: Tent) -> Tent:
        return Tent(*(mix(getattr(a, f.name), getattr(b, f.name)) for f in fields(Tent)))

    numbers = [f.name for f in fields(Placement) if f.name != "tent"]
    mixed = {name: mix(getattr(start, name), getattr(end, name)) for name in numbers}
    if start.tent is None or end.tent is None:
        raise ValueError("both placements need a tent to blend")
    return replace(start, **mixed, tent=blend(start.tent, end.tent))


def pulled_down(t: float) -> float:
    """How far the mask is pulled under the chin at ``t`` seconds: 0 worn well, 1 all the way."""
    down = np.clip((t - PULLS_DOWN_S) / PULL_TAKES_S, 0, 1)
    up = np.clip((t - PULLS_UP_S) / PULL_TAKES_S, 0, 1)
    return float(down - up)


def wearing(portrait: Image, share: float) -> Image:
    """The portrait with the clip's mask, pulled down by ``share``."""
    head = fit_head(PORTRAIT_FACE)
    rng = np.random.default_rng(CLIP_MASK_SEED)
    well, below = (place(kind, head, rng) for kind in (WearKind.MASK, WearKind.UNDER_CHIN))
    below = replace(below, top=head.chin_y - 0.12, bottom=head.chin_y + 0.42)
    look = np.random.default_rng(CLIP_MASK_SEED)
    return draw_mask(portrait, head, between(well, below, share), WearKind.MASK, look)


def write_clip(portrait: Image, matte: Image, path: Path) -> None:
    """One person comes in masked and pulls the mask down for a while; another wears none."""
    background = wall(CLIP_SIZE, (0.95, 0.9, 0.8))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=CLIP_FPS)
        stream.width, stream.height = CLIP_SIZE
        stream.pix_fmt = "yuv420p"
        # One thread and a fixed rate factor: the same frames give the same bytes.
        stream.options = {"crf": "26", "preset": "slow", "threads": "1"}
        for i in range(CLIP_FPS * CLIP_SECONDS):
            image = clip_frame(portrait, matte, background, i / CLIP_FPS)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())


def clip_frame(portrait: Image, matte: Image, background: Image, t: float) -> Image:
    """The clip at ``t`` seconds."""
    other = Pose(
        x=468 + 22 * math.sin(0.9 * t),
        y=128 + 3 * math.sin(2.3 * t),
        scale=0.72,
        lean=0.06 * math.sin(1.1 * t),
        mirrored=True,
        gain=(0.88, 0.9, 0.94),
    )
    arrived = min(1.0, t / ARRIVES_S)
    walking = Pose(
        x=-80 + 270 * arrived + 8 * math.sin(1.3 * t),
        y=150 - 12 * arrived + 5 * abs(math.sin(5 * t)) * (1 - arrived) + 2 * math.sin(1.7 * t),
        scale=0.68 + 0.14 * arrived,
        lean=0.05 * math.sin(1.4 * t + 1),
    )
    scene = stand(background, portrait, matte, other)
    return stand(scene, wearing(portrait, pulled_down(t)), matte, walking)


if __name__ == "__main__":
    main()
