"""What the unmodified weights see in a training picture: landmarks and unlabelled faces."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from maskwatch.faces.yunet import Detections, YuNetSettings, decode, pad_to_multiple
from maskwatch.geometry import nms
from maskwatch.types import Image
from maskwatch_train.detector.network import ExportedYuNet, YuNet

LONG_SIDES = (640, 1024)
"""Scales at which the teacher looks; small faces show at the larger, near ones at the smaller."""


@torch.no_grad()
def detect(network: YuNet, image: Image, score_threshold: float = 0.4) -> Detections:
    """Detections of the network in pixels of the image, merged over ``LONG_SIDES``."""
    exported = ExportedYuNet(network)
    found = []
    for long_side in LONG_SIDES:
        scale = long_side / max(image.shape[:2])
        resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        padded = pad_to_multiple(resized)  # type: ignore[arg-type]
        blob = torch.from_numpy(padded.transpose(2, 0, 1)[None].astype(np.float32))
        score, bbox, kps = (out[0].numpy() for out in exported(blob))
        settings = YuNetSettings(score_threshold=score_threshold)
        one = decode(score, bbox, kps, padded.shape[:2], settings)
        found.append((one.boxes / scale, one.scores, one.landmarks / scale))
    boxes, scores, landmarks = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept: NDArray[np.intp] = nms(boxes, scores, 0.45)
    return Detections(boxes[kept], scores[kept], landmarks[kept])
