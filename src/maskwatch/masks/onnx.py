"""The default mask classifier: one network, seven outputs, in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from maskwatch.errors import CardError
from maskwatch.masks.labels import (
    LABELS,
    UNREADABLE_INDEX,
    likeliest_fault,
    likeliest_state,
    softmax,
    state_probabilities,
)
from maskwatch.masks.preprocess import crop_face, to_batch
from maskwatch.masks.quality import reading_quality
from maskwatch.masks.refine import refine
from maskwatch.masks.second_look import look_again
from maskwatch.models.card import CARD_FILE, ModelCard, read_card
from maskwatch.models.card_settings import (
    ABOVE_0,
    NOT_NEGATIVE,
    PIXELS,
    SHARE,
    checked_settings,
)
from maskwatch.models.session import CPU, open_session
from maskwatch.types import Face, Frame, Image, MaskReading, State, StateProbabilities

MAX_BATCH = 8
"""More crops at a time are judged no faster, because the processor's caches hold what these need;
and what the network keeps in memory grows with them: with 40 it was 200 MB."""
MAX_CROPS = 256
"""So many are made before any is judged; those of a stadium would take a gigabyte."""
UNREADABLE_REASON = "face not readable"


_KINDS = {
    "size": PIXELS,
    "margin": NOT_NEGATIVE,
    "temperature": ABOVE_0,
    "abstain_below": SHARE,
    "unreadable_above": SHARE,
    "min_face_px": NOT_NEGATIVE,
    "second_look_below": SHARE,
}


@dataclass(frozen=True, slots=True)
class ClassifierSettings:
    """How the classifier is run; the default values come from its card.

    Attributes:
        size: side of the network's input in pixels.
        margin: added on each side of a face, as a fraction of its longer side.
        temperature: divides the logits before the softmax.
        abstain_below: the likelier side, mask or violation, must have at least this
            probability, else ``unknown``.
        unreadable_above: above this probability of ``unreadable`` the state is ``unknown``.
        min_face_px: smaller faces are ``unknown`` without asking the network.
        second_look_below: faces none of whose outputs has at least this probability are judged
            again, mirrored; 0 judges every face once.
    """

    size: int
    margin: float
    temperature: float
    abstain_below: float
    unreadable_above: float
    min_face_px: float
    second_look_below: float = 0.0

    @classmethod
    def from_card(cls, card: ModelCard) -> ClassifierSettings:
        """The settings of a model folder.

        Raises:
            CardError: one is missing, or is nothing that it may be.
        """
        for field in fields(cls):
            if field.default is MISSING:
                card.setting(field.name)
        return cls(**checked_settings(card, _KINDS))


class OnnxMaskClassifier:
    """A ``MaskClassifier``.

    Args:
        session: input ``(N, S, S, 3)`` uint8 RGB; output ``logits`` ``(N, 7)`` in the order of
            ``maskwatch.masks.labels.LABELS`` and, if the network has it, ``boxes`` ``(N, 4)``:
            where in the crop the face lies, as fractions of its side.
        settings: see there.
    """

    def __init__(self, session: ort.InferenceSession, settings: ClassifierSettings) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        given = {output.name for output in session.get_outputs()}
        self._outputs = [name for name in ("logits", "boxes") if name in given]
        self.settings = settings

    @classmethod
    def from_folder(
        cls, folder: Path, *, threads: int | None = None, provider: str = CPU
    ) -> OnnxMaskClassifier:
        """The classifier of a model folder, run as its card says.

        Raises:
            ModelError: the folder, its card or its file cannot be used.
        """
        card = read_card(folder, "mask_classifier", LABELS)
        card.verify()
        settings = ClassifierSettings.from_card(card)
        session = open_session(card.model_path, threads=threads, provider=provider)
        taken = session.get_inputs()[0].shape[1:3]
        if not all(side in (settings.size, None) or isinstance(side, str) for side in taken):
            raise CardError(
                f"{folder / CARD_FILE}: settings.size is {settings.size}, "
                f"but the network takes {taken[0]} x {taken[1]}"
            )
        return cls(session, settings)

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        """One reading per face, in the same order."""
        return self.judge_all([(frame, faces)])[0]

    def judge_all(self, looks: Sequence[tuple[Frame, Sequence[Face]]]) -> list[list[MaskReading]]:
        """The readings of the faces of several frames, from one run of the network."""
        large = [
            (frame.image, face) for frame, faces in looks for face in faces if self._is_large(face)
        ]
        judged = (
            reading
            for start in range(0, len(large), MAX_CROPS)
            for reading in self._judge_large(large[start : start + MAX_CROPS])
        )
        return [
            [next(judged) if self._is_large(face) else _too_small(face) for face in faces]
            for _, faces in looks
        ]

    def _is_large(self, face: Face) -> bool:
        return face.box.side >= self.settings.min_face_px

    def _judge_large(self, large: Sequence[tuple[Image, Face]]) -> Iterator[MaskReading]:
        settings = self.settings
        crops = [
            crop_face(image, face.box, settings.margin, settings.size) for image, face in large
        ]
        batch = to_batch(crops)
        first, *boxes = self._run(self._outputs, batch)
        logits = look_again(
            first, batch, self._logits, settings.temperature, settings.second_look_below
        )
        for i, ((image, face), crop) in enumerate(zip(large, crops, strict=True)):
            reading = self._judge(face, crop, logits[i])
            if boxes and reading.reason != UNREADABLE_REASON:
                height, width = image.shape[:2]
                closer = refine(face, boxes[0][i], settings.margin, width, height)
                reading = replace(reading, face=closer)
            yield reading

    def _logits(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        (logits,) = self._run(["logits"], batch)
        return logits

    def _run(self, outputs: list[str], batch: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """The outputs for all crops, worked out a few at a time."""
        parts = [
            self._session.run(outputs, {self._input: batch[i : i + MAX_BATCH]})
            for i in range(0, len(batch), MAX_BATCH)
        ]
        return [np.concatenate(output) for output in zip(*parts, strict=True)]

    def _judge(self, face: Face, crop: Image, logits: NDArray[np.float32]) -> MaskReading:
        quality = reading_quality(face, crop)
        probabilities = softmax(logits, self.settings.temperature)
        states = state_probabilities(probabilities)
        reason = self._doubt(float(probabilities[UNREADABLE_INDEX]), states)
        if reason:
            return MaskReading(face, State.UNKNOWN, None, states, quality, reason)
        state = likeliest_state(states)
        fault = likeliest_fault(probabilities) if state is State.INCORRECT else None
        return MaskReading(face, state, fault, states, quality)

    def _doubt(self, unreadable: float, states: StateProbabilities) -> str | None:
        if unreadable > self.settings.unreadable_above:
            return UNREADABLE_REASON
        if max(states.mask, 1 - states.mask) < self.settings.abstain_below:
            return "not certain enough"
        return None


def _too_small(face: Face) -> MaskReading:
    return MaskReading(face, State.UNKNOWN, quality=0.0, reason="face too small")
