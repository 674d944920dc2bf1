"""Which positions answer for which face, and what they are taught.

Assignment is SimOTA (Ge et al., "YOLOX", arXiv 2107.08430, section 2.3) with the settings of the
YuNet paper. Boxes are taught by the distance-IoU loss (Zheng et al., AAAI 2020), which torchvision
keeps, instead of the paper's EIoU: for weights that already find faces the two differ little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torchvision.ops import box_iou, distance_box_iou_loss

from maskwatch_train.detector.network import Predictions

CENTRE_RADIUS = 2.5
"""Strides around a face's centre within which positions may answer for it (YOLOX)."""
CANDIDATES = 10
"""Best-overlapping positions whose IoU sum decides how many answer for a face (YOLOX)."""
IOU_COST = 3.0
OUTSIDE_COST = 1e5
WEIGHTS = {"bbox": 5.0, "cls": 1.0, "obj": 1.0, "kps": 0.1}
"""Of the four terms (libfacedetection.train, ``configs/yunet_n.py``)."""


@dataclass(frozen=True, slots=True)
class Target:
    """The truth of one picture, in pixels of the network's input."""

    boxes: Tensor
    """``(G, 4)``"""
    landmarks: Tensor
    """``(G, 5, 2)``; anything where ``has_landmarks`` is False."""
    has_landmarks: Tensor
    """``(G,)`` bool"""
    ignored: Tensor
    """``(I, 4)`` regions where neither a detection nor its absence is punished."""

    def to(self, device: torch.device) -> Target:
        """The same on a device."""
        return Target(
            self.boxes.to(device),
            self.landmarks.to(device),
            self.has_landmarks.to(device),
            self.ignored.to(device),
        )


def decode_boxes(bbox: Tensor, points: Tensor, strides: Tensor) -> Tensor:
    """``(..., N, 4)`` network units to (x0, y0, x1, y1) pixels."""
    centre = bbox[..., :2] * strides + points
    half = torch.exp(bbox[..., 2:].clamp(max=8)) * strides / 2
    return torch.cat([centre - half, centre + half], dim=-1)


@torch.no_grad()
def assign(
    cls: Tensor, obj: Tensor, boxes: Tensor, points: Tensor, strides: Tensor, truth: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """SimOTA for one picture.

    Args:
        cls: ``(N,)`` logits.
        obj: ``(N,)`` logits.
        boxes: ``(N, 4)`` predicted boxes in pixels.
        points: ``(N, 2)`` positions in pixels.
        strides: ``(N, 1)``.
        truth: ``(G, 4)`` true boxes, G > 0.

    Returns:
        Indices of the positions that answer ``(P,)``, the face each answers for ``(P,)``, and
        the IoU of its box with that face ``(P,)``.
    """
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    inside = ((points[:, None] > truth[None, :, :2]) & (points[:, None] < truth[None, :, 2:])).all(
        2
    )
    near = ((points[:, None] - middle[None]).abs() < CENTRE_RADIUS * strides[:, :, None]).all(2)
    candidates = torch.nonzero((inside | near).any(dim=1)).squeeze(1)
    iou = box_iou(boxes[candidates], truth)
    score = torch.sqrt(torch.sigmoid(cls[candidates]) * torch.sigmoid(obj[candidates]))
    cls_cost = -torch.log(score.clamp(min=1e-8))[:, None]
    outside = ~(inside & near)[candidates]
    cost = cls_cost - IOU_COST * torch.log(iou + 1e-8) + OUTSIDE_COST * outside
    top = iou.topk(min(CANDIDATES, len(candidates)), dim=0).values
    wanted = top.sum(dim=0).int().clamp(min=1)
    matched = torch.zeros_like(cost, dtype=torch.bool)
    ranked = cost.argsort(dim=0)
    for each in range(len(truth)):
        matched[ranked[: int(wanted[each]), each], each] = True
    # A position that several faces want goes to the cheapest.
    contested = matched.sum(dim=1) > 1
    best = cost[contested].argmin(dim=1)
    matched[contested] = False
    matched[contested.nonzero().squeeze(1), best] = True
    row, face = matched.nonzero(as_tuple=True)
    return candidates[row], face, iou[row, face]


def detection_loss(
    out: Predictions,
    targets: list[Target],
    points: Tensor,
    strides: Tensor,
    divisor: Callable[[int], float] = float,
) -> dict[str, Tensor]:
    """The four terms of a batch, each already weighted and divided by the number of positives.

    Args:
        out: predictions of B pictures.
        targets: B truths.
        points: ``(N, 2)`` positions in pixels.
        strides: ``(N, 1)``.
        divisor: what a share of a batch is divided by, from its number of positives. A share
            without a face would else count as much as all the others.
    """
    boxes = decode_boxes(out.bbox, points, strides)
    totals = {name: out.cls.sum() * 0 for name in WEIGHTS}
    positives = 0
    for i, target in enumerate(targets):
        obj_truth = torch.zeros_like(out.obj[i])
        counted = torch.ones_like(out.obj[i])
        if len(target.ignored):
            inside = (points[:, None] > target.ignored[None, :, :2]) & (
                points[:, None] < target.ignored[None, :, 2:]
            )
            counted[inside.all(2).any(1)] = 0
        if len(target.boxes):
            rows, faces, iou = assign(
                out.cls[i], out.obj[i], boxes[i], points, strides, target.boxes
            )
            positives += len(rows)
            obj_truth[rows] = 1
            counted[rows] = 1
            totals["cls"] = totals["cls"] + F.binary_cross_entropy_with_logits(
                out.cls[i, rows], iou.clamp(0, 1), reduction="sum"
            )
            totals["bbox"] = totals["bbox"] + distance_box_iou_loss(
                boxes[i, rows], target.boxes[faces], reduction="sum"
            )
            marked = target.has_landmarks[faces]
            wanted = (target.landmarks[faces] - points[rows][:, None]) / strides[rows][:, None]
            given = out.kps[i, rows].view(-1, 5, 2)
            totals["kps"] = totals["kps"] + F.smooth_l1_loss(
                given[marked], wanted[marked], beta=1 / 9, reduction="sum"
            )
        totals["obj"] = (
            totals["obj"]
            + (
                F.binary_cross_entropy_with_logits(out.obj[i], obj_truth, reduction="none")
                * counted
            ).sum()
        )
    scale = 1 / max(divisor(positives), 1)
    return {name: WEIGHTS[name] * scale * total for name, total in totals.items()}
