"""The model card: what a model file is, how it must be fed, what it was measured to do.

A model is a folder with ``card.json`` and the file that the card names. The card is the
contract: a file whose checksum differs, or a card whose labels this version does not know in
this order, is refused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwatch.errors import CardError, ChecksumMismatch, ModelNotFound
from maskwatch.reasons import system_reason

CARD_FILE = "card.json"
FORMAT = 1
"""Version of the card's own layout."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A card that was read and checked."""

    folder: Path
    name: str
    version: str
    kind: str
    """``face_detector`` or ``mask_classifier``."""
    file: str
    sha256: str
    labels: tuple[str, ...]
    """Order of the network's outputs; empty for a detector."""
    settings: dict[str, Any]
    """How the model is run: input size, margin, thresholds, temperature."""
    summary: dict[str, Any]
    """Everything for people: data, licence, scores, limits."""
    files: dict[str, str] = field(default_factory=dict)
    """Checksums of what else belongs to the model, such as OpenVINO's weights, by name."""

    @property
    def model_path(self) -> Path:
        """The model file."""
        return self.folder / self.file

    def as_json(self) -> dict[str, Any]:
        """What people want to know of the model."""
        return {
            "name": self.name,
            "version": self.version,
            "kind": self.kind,
            "sha256": self.sha256,
            "labels": list(self.labels),
            "settings": self.settings,
            "summary": self.summary,
        }

    def verify(self) -> None:
        """Compares the checksums of the model's files with the card's.

        Raises:
            ModelNotFound: a file is missing.
            ChecksumMismatch: a file is not the one that the card describes.
        """
        for name, wanted in {self.file: self.sha256, **self.files}.items():
            path = self.folder / name
            try:
                found = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise ModelNotFound(f"{path}: {system_reason(error)}") from error
            if found != wanted:
                raise ChecksumMismatch(
                    f"{path}: checksum {found[:12]}... is not the card's "
                    f"{wanted[:12]}...; the file was changed or damaged: install it again"
                )

    def setting(self, key: str) -> Any:
        """One of the settings; raises CardError, naming the key, when it is missing."""
        try:
            return self.settings[key]
        except KeyError as error:
            raise CardError(f"{self.folder / CARD_FILE}: settings.{key} is missing") from error


def _text(data: dict[str, Any], key: str) -> str:
    value = data[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is {value!r}, expected text")
    return value


def read_card(folder: Path, kind: str, labels: tuple[str, ...] | None = ()) -> ModelCard:
    """Reads and checks the card of a model folder; does not read the model file.

    Args:
        folder: holds ``card.json``.
        kind: what the caller is going to use the model as.
        labels: the label order that the caller understands; None takes any.

    Raises:
        ModelNotFound: there is no card.
        CardError: it is damaged, of another kind, or its label order is not the caller's.
    """
    path = folder / CARD_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        card = ModelCard(
            folder=folder,
            **{key: _text(data, key) for key in ("name", "version", "kind", "file", "sha256")},
            labels=tuple(data["labels"]),
            settings=dict(data["settings"]),
            summary=dict(data["summary"]),
            files=dict(data.get("files", {})),
        )
        layout = data["format"]
    except OSError as error:
        raise ModelNotFound(f"{path}: {system_reason(error)}") from error
    except KeyError as error:
        raise CardError(f"{path}: {error.args[0]} is missing") from error
    except (ValueError, TypeError) as error:
        raise CardError(f"{path}: not a model card: {error}") from error
    if layout != FORMAT:
        raise CardError(f"{path}: card format {layout!r}, this version reads {FORMAT}")
    if card.kind != kind:
        raise CardError(f"{path}: a {card.kind}, but a {kind} is wanted")
    if labels is not None and card.labels != labels:
        raise CardError(f"{path}: label order {list(card.labels)} is not {list(labels)}")
    return card
