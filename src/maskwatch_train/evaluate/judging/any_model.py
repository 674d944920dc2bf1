"""A mask classifier from any model folder: other classes, other inputs, other runtimes.

The shipped classifier is run by ``maskwatch.masks.onnx``; this adapter knows that card too, and
with it those of published systems, so that all of them are judged by the same reports.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.errors import CardError, ModelError
from maskwatch.masks.labels import softmax
from maskwatch.masks.preprocess import crop_face
from maskwatch.masks.second_look import look_again
from maskwatch.models.card import CARD_FILE, ModelCard, read_card
from maskwatch.models.card_settings import (
    ABOVE_0,
    CHANNELS,
    CHANNELS_ABOVE_0,
    NOT_NEGATIVE,
    PIXELS,
    SHARE,
    Kind,
    checked_settings,
    one_of,
)
from maskwatch.types import Box, Face, Frame, Image
from maskwatch_train.evaluate.answers import (
    CLASSES,
    NOTHING_SAID,
    SUM_TOLERANCE,
    Answer,
    answer_from_classes,
)
from maskwatch_train.evaluate.judging.engines import Engine, open_engine

_KINDS: dict[str, Kind] = {
    "size": PIXELS,
    "margin": NOT_NEGATIVE,
    "crop": one_of(("square", "stretch")),
    "layout": one_of(("NHWC", "NCHW")),
    "colour": one_of(("RGB", "BGR", "GREY")),
    "divisor": ABOVE_0,
    "mean": CHANNELS,
    "std": CHANNELS_ABOVE_0,
    "output": one_of(("logits", "probabilities", "sigmoid")),
    "temperature": ABOVE_0,
    "abstain_below": SHARE,
    "unreadable_above": SHARE,
    "min_face_px": NOT_NEGATIVE,
    "second_look_below": SHARE,
}


AT_ONCE = 64
"""Faces of one run of a network that takes any number: what lies between its layers is large."""


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
        mean: then this is subtracted; one number, or one per channel.
        std: then divided by this; one number, or one per channel.
        output: ``logits``; ``probabilities``; or ``sigmoid``, one logit, that of the second of
            two labels.
        temperature: divides the logits.
        abstain_below: the likelier side, mask or violation, must have at least this probability.
        unreadable_above: above this probability of ``unreadable`` the state is ``unknown``.
        min_face_px: smaller faces are ``unknown`` without asking the network.
        second_look_below: faces none of whose labels has at least this probability are judged
            again, mirrored; 0 judges every face once. Not of ``probabilities``.
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
    second_look_below: float = 0.0

    @classmethod
    def from_card(cls, card: ModelCard) -> AnySettings:
        """The settings of a model folder.

        Raises:
            CardError: ``size`` is missing, a value is none that it may be, or the labels are not
                those of a mask classifier.
        """
        card.setting("size")
        values = checked_settings(card, _KINDS)
        for name in {"mean", "std"} & values.keys():
            given = values[name]
            values[name] = tuple(map(float, given if isinstance(given, list) else [given]))
        settings = cls(**values)
        for name, numbers in (("mean", settings.mean), ("std", settings.std)):
            if len(numbers) not in (1, settings.channels):
                raise _unfit(
                    card,
                    f"settings.{name} has {len(numbers)} numbers, but {settings.colour} has "
                    f"{settings.channels} channels",
                )
        if settings.output == "probabilities" and settings.second_look_below:
            raise _unfit(card, "settings.second_look_below is for logits, not probabilities")
        _check_labels(card, settings)
        return settings

    @property
    def channels(self) -> int:
        """Of the input."""
        return 1 if self.colour == "GREY" else 3

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """What one face is to the network."""
        if self.layout == "NCHW":
            return self.channels, self.size, self.size
        return self.size, self.size, self.channels


def _check_labels(card: ModelCard, settings: AnySettings) -> None:
    strangers = [label for label in card.labels if label not in tuple(CLASSES)]
    if strangers:
        raise _unfit(card, f"labels {strangers} are not of {sorted(CLASSES)}")
    twice = [label for label, count in Counter(card.labels).items() if count > 1]
    if twice:
        raise _unfit(card, f"the label {twice[0]!r} is given more than once")
    if settings.output == "sigmoid" and len(card.labels) != 2:
        raise _unfit(
            card, f"settings.output 'sigmoid' takes two labels, but there are {len(card.labels)}"
        )


def _unfit(card: ModelCard, reason: str) -> CardError:
    return CardError(f"{card.folder / CARD_FILE}: {reason}")


class AnyClassifier:
    """Judges faces with any network whose card says how it is fed and what it answers.

    Args:
        engine: the network.
        card: names its outputs in their order; errors are about it.
        settings: see there.
    """

    def __init__(self, engine: Engine, card: ModelCard, settings: AnySettings) -> None:
        self._engine = engine
        self._card = card
        self.settings = settings

    @classmethod
    def from_folder(cls, folder: Path, threads: int | None = None) -> AnyClassifier:
        """The classifier of a model folder, tried on one face to see whether the card fits it.

        Raises:
            ModelError: the folder, its card or its file cannot be used.
        """
        card = read_card(folder, "mask_classifier", None)
        card.verify()
        settings = AnySettings.from_card(card)
        engine = open_engine(card.model_path, threads)
        _check_input(card, settings, engine)
        classifier = cls(engine, card, settings)
        nothing = np.zeros((settings.size, settings.size, 3), dtype=np.uint8)
        try:
            classifier.probabilities([nothing])
        except CardError:
            raise
        except ModelError as error:
            raise _unfit(card, f"does not fit its network: {error}") from error
        return classifier

    @property
    def is_fed_as_ours(self) -> bool:
        """Whether the network takes and gives what the shipped one does: pixels, then logits."""
        ours = AnySettings(self.settings.size)
        return self._engine.dtype is np.uint8 and all(
            getattr(self.settings, name) == getattr(ours, name)
            for name in ("crop", "layout", "colour", "output")
        )

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
        x1, y1 = min(math.ceil(box.x1 + more), width), min(math.ceil(box.y1 + more), height)
        return cv2.resize(  # type: ignore[return-value]
            image[y0:y1, x0:x1], (size, size), interpolation=cv2.INTER_AREA
        )

    def probabilities(self, crops: Sequence[Image]) -> NDArray[np.float64]:
        """``(N, C)`` of the labels for N crops ``(S, S, 3)`` BGR."""
        if not crops:
            return np.zeros((0, len(self._card.labels)))
        if self.settings.output == "probabilities":
            given = self._given(crops)
            self._check_probabilities(given)
            return given.astype(np.float64)
        temperature, below = self.settings.temperature, self.settings.second_look_below
        logits = look_again(
            self._logits(crops),
            np.stack(crops),
            lambda mirrored: self._logits(list(mirrored)),
            temperature,
            below,
        )
        return softmax(logits, temperature)

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
        given = [run(inputs) for inputs in self.inputs(crops)]
        return np.concatenate(given)[: len(crops)]

    def inputs(self, crops: Sequence[Image], at_once: int = AT_ONCE) -> Iterator[NDArray[Any]]:
        """N crops ``(S, S, 3)`` BGR as the network takes them, so many at once.

        A network for a fixed number of faces gets that many; the last run is filled up with the
        last face.
        """
        batch = self._engine.batch
        step = batch or at_once
        for start in range(0, len(crops), step):
            some = np.stack(crops[start : start + step])
            inputs = to_input(some, self.settings, self._engine.dtype)
            missing = batch - len(inputs) if batch else 0
            yield np.concatenate([inputs, np.repeat(inputs[-1:], missing, axis=0)])

    def _logits(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        given = self._given(crops)
        if self.settings.output == "sigmoid":
            return np.concatenate([np.zeros_like(given), given], axis=1)
        return given

    def _given(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """What the network says, of as many numbers as its card makes expect."""
        outputs = self._outputs(self._engine.run, crops)
        is_one = self.settings.output == "sigmoid"
        wanted = 1 if is_one else len(self._card.labels)
        if outputs.ndim != 2:
            raise _unfit(
                self._card,
                f"of each face the network gives {_told(outputs.shape[1:])}, not {wanted} numbers",
            )
        if outputs.shape[1] != wanted:
            why = (
                "settings.output 'sigmoid' takes 1" if is_one else f"its card names {wanted} labels"
            )
            raise _unfit(self._card, f"the network gives {outputs.shape[1]} outputs, but {why}")
        return outputs

    def _check_probabilities(self, outputs: NDArray[np.float32]) -> None:
        right = (outputs >= 0).all(axis=1) & (abs(outputs.sum(axis=1) - 1) <= SUM_TOLERANCE)
        for row in outputs[~right][:1]:
            raise _unfit(
                self._card,
                "settings.output is 'probabilities', but the network gives "
                f"{[round(value, 3) for value in row.tolist()]}, which are none",
            )

    def _answer(self, probabilities: NDArray[np.float64]) -> Answer:
        classes = dict(zip(self._card.labels, probabilities.tolist(), strict=True))
        try:
            return answer_from_classes(
                classes, self.settings.unreadable_above, self.settings.abstain_below
            )
        except ValueError as error:
            raise _unfit(self._card, f"the network's answer makes no sense: {error}") from error


def _check_input(card: ModelCard, settings: AnySettings, engine: Engine) -> None:
    if engine.shape is None:
        return
    _, *taken = engine.shape
    made = settings.input_shape
    if len(taken) != len(made) or any(
        there not in (None, here) for there, here in zip(taken, made, strict=True)
    ):
        raise _unfit(
            card,
            f"its settings of size, layout and colour make inputs of {_told(made)}, "
            f"but {card.file} takes {_told(taken)}",
        )


def _told(shape: Sequence[int | None]) -> str:
    """A shape without its first axis, for people."""
    return " x ".join("any" if side is None else str(side) for side in shape) or "one number"


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
