"""A mask classifier from any model folder: other classes, other inputs, other runtimes.

The shipped classifier is run by ``maskwatch.masks.onnx``; this adapter knows that card too, and
with it those of published systems, so that all of them are judged by the same reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.errors import CardError
from maskwatch.masks.labels import softmax
from maskwatch.masks.preprocess import crop_face
from maskwatch.models.card import CARD_FILE, ModelCard, read_card
from maskwatch.types import Box, Face, Frame, Image
from maskwatch_train.evaluate.answers import CLASSES, NOTHING_SAID, Answer, answer_from_classes
from maskwatch_train.evaluate.engines import Engine, open_engine

CROPS = ("square", "stretch")
LAYOUTS = ("NHWC", "NCHW")
COLOURS = ("RGB", "BGR", "GREY")
OUTPUTS = ("logits", "probabilities", "sigmoid")


@dataclass(frozen=True, slots=True)
class AnySettings:
    """The ``settings`` of a card; all but ``size`` have the default given here.

    Attributes:
        size: side of the input in pixels.
        margin: added on each side of a face, as a fraction of its longer side.
        crop: ``square`` around the box, as the shipped classifier takes it, or ``stretch``: the
            box itself, whatever its proportions.
        layout: of the input, ``NHWC`` or ``NCHW``.
        colour: ``RGB``, ``BGR`` or ``GREY`` (one channel).
        divisor: pixels are divided by it first, for inputs of floating point.
        mean: then this is subtracted; one number per channel.
        std: then divided by this; one number per channel.
        output: ``logits``; ``probabilities``; or ``sigmoid``, one logit, that of the second of
            two labels.
        temperature: divides the logits.
        abstain_below: the likelier side, mask or violation, must have at least this probability.
        unreadable_above: above this probability of ``unreadable`` the state is ``unknown``.
        min_face_px: smaller faces are ``unknown`` without asking the network.
    """

    size: int
    margin: float = 0.2
    crop: str = "square"
    layout: str = "NHWC"
    colour: str = "RGB"
    divisor: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    output: str = "logits"
    temperature: float = 1.0
    abstain_below: float = 0.0
    unreadable_above: float = 0.5
    min_face_px: float = 0.0

    @classmethod
    def from_card(cls, card: ModelCard) -> AnySettings:
        """The settings of a model folder.

        Raises:
            CardError: ``size`` is missing or a value is not one of those that it may have.
        """
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {k: v for k, v in card.settings.items() if k in known}
        where = card.folder / CARD_FILE
        card.setting("size")
        for name, allowed in {
            "crop": CROPS,
            "layout": LAYOUTS,
            "colour": COLOURS,
            "output": OUTPUTS,
        }.items():
            if values.get(name, allowed[0]) not in allowed:
                raise CardError(f"{where}: settings.{name} is {values[name]!r}, not of {allowed}")
        for name in {"mean", "std"} & values.keys():
            values[name] = tuple(float(value) for value in values[name])
        if strangers := set(card.labels) - CLASSES:
            raise CardError(f"{where}: labels {sorted(strangers)} are not of {sorted(CLASSES)}")
        return cls(**values)


class AnyClassifier:
    """Judges faces with any network whose card says how it is fed and what it answers.

    Args:
        engine: the network.
        labels: order of its outputs, names among `CLASSES`.
        settings: see there.
    """

    def __init__(self, engine: Engine, labels: Sequence[str], settings: AnySettings) -> None:
        self._engine = engine
        self._labels = tuple(labels)
        self.settings = settings

    @classmethod
    def from_folder(cls, folder: Path, threads: int | None = None) -> AnyClassifier:
        """The classifier of a model folder.

        Raises:
            ModelError: the folder, its card or its file cannot be used.
        """
        card = read_card(folder, "mask_classifier", None)
        card.verify()
        return cls(open_engine(card.model_path, threads), card.labels, AnySettings.from_card(card))

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[Answer]:
        """One answer per face, in the same order."""
        large = [face for face in faces if face.box.side >= self.settings.min_face_px]
        crops = [self.crop(frame.image, face.box) for face in large]
        answers = iter([self._answer(row) for row in self.probabilities(crops)])
        return [
            next(answers) if face.box.side >= self.settings.min_face_px else NOTHING_SAID
            for face in faces
        ]

    def crop(self, image: Image, box: Box) -> Image:
        """What of a picture is looked at, ``(S, S, 3)`` uint8 BGR."""
        size = self.settings.size
        if self.settings.crop == "square":
            return crop_face(image, box, self.settings.margin, size)
        height, width = image.shape[:2]
        more = self.settings.margin * max(box.width, box.height)
        x0, y0 = max(int(box.x0 - more), 0), max(int(box.y0 - more), 0)
        x1, y1 = min(int(box.x1 + more) + 1, width), min(int(box.y1 + more) + 1, height)
        return cv2.resize(  # type: ignore[return-value]
            image[y0:y1, x0:x1], (size, size), interpolation=cv2.INTER_AREA
        )

    def probabilities(self, crops: Sequence[Image]) -> NDArray[np.float64]:
        """``(N, C)`` of the labels for N crops ``(S, S, 3)`` BGR."""
        if not crops:
            return np.zeros((0, len(self._labels)))
        return self._calibrated(self._outputs(self._engine.run, crops))

    def boxes(self, crops: Sequence[Image]) -> NDArray[np.float32] | None:
        """``(N, 4)`` where in N crops the face lies, as fractions of the side, if it says so."""
        if self._engine.boxes is None:
            return None
        if not crops:
            return np.zeros((0, 4), dtype=np.float32)
        return self._outputs(self._engine.boxes, crops)

    def _outputs(
        self, run: Callable[[NDArray[Any]], NDArray[np.float32]], crops: Sequence[Image]
    ) -> NDArray[np.float32]:
        inputs = to_input(np.stack(crops), self.settings, self._engine.dtype)
        step = self._engine.batch or len(inputs)
        return np.concatenate([run(inputs[i : i + step]) for i in range(0, len(inputs), step)])

    def _calibrated(self, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
        if self.settings.output == "sigmoid":
            outputs = np.concatenate([np.zeros_like(outputs[:, :1]), outputs[:, :1]], axis=1)
        if outputs.shape[1] != len(self._labels):
            raise CardError(
                f"the network gives {outputs.shape[1]} outputs, "
                f"but its card names {len(self._labels)} labels"
            )
        if self.settings.output == "probabilities":
            return outputs.astype(np.float64)
        return softmax(outputs, self.settings.temperature)

    def _answer(self, probabilities: NDArray[np.float64]) -> Answer:
        classes = dict(zip(self._labels, probabilities.tolist(), strict=True))
        return answer_from_classes(
            classes, self.settings.unreadable_above, self.settings.abstain_below
        )


def to_input(
    crops: NDArray[np.uint8], settings: AnySettings, dtype: type[np.generic]
) -> NDArray[Any]:
    """Crops ``(N, S, S, 3)`` uint8 BGR as the network wants them."""
    if settings.colour == "GREY":
        batch = np.stack([cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in crops])[..., None]
    else:
        batch = crops[..., ::-1] if settings.colour == "RGB" else crops
    if dtype is not np.uint8:
        scaled = batch.astype(np.float32) / settings.divisor
        scaled = (scaled - np.array(settings.mean)) / np.array(settings.std)
        batch = scaled.astype(dtype)
    if settings.layout == "NCHW":
        batch = batch.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(batch)
