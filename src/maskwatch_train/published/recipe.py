"""What one published system did, as far as its paper says, and what it reported."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from maskwatch.errors import UsageError
from maskwatch_train.data.splits import parse_shares
from maskwatch_train.published.backbones import BACKBONES
from maskwatch_train.published.classes import CLASS_SETS
from maskwatch_train.published.pictures import BOXES, WHOLE
from maskwatch_train.published.sklearn_heads import CLASSIFIERS
from maskwatch_train.running.recipe import require_known, require_range

ALL_LAYERS = -1
NETWORK = "network"
FINDERS = ("yunet", "mtcnn")
"""Detectors that come with their weights; of what others find, ``data crop`` makes a set."""
NORMALISATIONS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "symmetric": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
"""Mean and standard deviation of RGB in [0, 1]: torchvision's, and Keras's [-1, 1]."""


@dataclass(frozen=True, slots=True)
class Augmentations:
    """What training does to a picture; zero leaves it out.

    Attributes:
        flip: chance of a mirrored picture.
        crop: whether the network's square is cut out anywhere instead of in the middle.
        rotation: degrees, either way.
        scale: larger or smaller by up to this fraction.
        zoom: the same for width and height separately, as Keras does.
        shift: up to this fraction of the side, either way.
        shear: degrees, either way.
        grey: chance of a picture without colour.

    Raises:
        ValueError: a value makes no sense; the message begins with its key.
    """

    flip: float = 0.0
    crop: bool = False
    rotation: float = 0.0
    scale: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    grey: float = 0.0

    def __post_init__(self) -> None:
        require_range(self, ["flip", "grey", "shift"], 0, 1)
        require_range(self, ["rotation"], 0, 180)
        # A picture may not shrink to nothing, nor fall over.
        require_range(self, ["scale", "zoom"], 0, 0.9)
        require_range(self, ["shear"], 0, 80)

    @property
    def moves(self) -> bool:
        """Whether pixels come to lie elsewhere, so that something must fill what they leave."""
        return any((self.rotation, self.scale, self.zoom, self.shift, self.shear))


@dataclass(frozen=True, slots=True)
class Reported:
    """The figure that a recipe is held against.

    Attributes:
        accuracy: as published; 0 where there is none.
        tested: pictures of the published test; 0 where the paper does not say.
        data: what it was measured on.
    """

    accuracy: float = 0.0
    tested: int = 0
    data: str = ""


_AS_IT_IS, _NOTHING = Augmentations(), Reported()


@dataclass(frozen=True, slots=True)
class PublishedRecipe:
    """Every number behind a run; what a paper leaves out is said in the recipe's comments.

    Attributes:
        system: key of the published system.
        classes: a key of `CLASS_SETS`.
        faces: ``whole`` picture, labelled ``boxes``, or the detector that finds the faces: one of
            `FINDERS`.
        margin: added on each side of a face, as a fraction of its longer side.
        min_side: labelled boxes whose shorter side is smaller, in pixels, are left out.
        resize: every picture or face becomes a square of so many pixels.
        size: the square that is cut out of it for the network.
        grey: whether all colour is taken away.
        normalise: a key of `NORMALISATIONS`.
        recolour: whether light blue masks get other colours in training.
        backbone: a key of `BACKBONES`.
        trained_layers: so many of the last layers learn, counted as Keras does; 0 for the head
            alone, -1 for all.
        hidden: neurons of the head's hidden layers.
        dropout: after each hidden layer, or before the only one.
        classifiers: ``network``, and keys of `CLASSIFIERS` that get the features of the trained
            network.
        epochs: passes over the training side.
        batch: pictures a step.
        learning_rate: of Adam, constant.
        shares: percent of train, test and perhaps val.
        seed: of the random split, data order, augmentation, dropout and the fresh head.
        views: with a frozen backbone, so many augmented views of each picture are drawn once and
            kept as features; 0 for the plain picture alone.
        augment: what happens to pictures in training.
        reported: the published figure.

    Raises:
        ValueError: a value makes no sense; the message begins with its key.
    """

    system: str = ""
    classes: str = "mask"
    faces: str = "whole"
    margin: float = 0.0
    min_side: float = 0.0
    resize: int = 256
    size: int = 224
    grey: bool = False
    normalise: str = "imagenet"
    recolour: bool = False
    backbone: str = "mobilenetv2"
    trained_layers: int = ALL_LAYERS
    hidden: tuple[int, ...] = ()
    dropout: float = 0.5
    classifiers: tuple[str, ...] = ("network",)
    epochs: int = 20
    batch: int = 32
    learning_rate: float = 1e-4
    shares: str = "80/20"
    seed: int = 1
    views: int = 0
    augment: Augmentations = _AS_IT_IS
    reported: Reported = _NOTHING

    def __post_init__(self) -> None:
        names: Mapping[str, Collection[str]] = {
            "classes": CLASS_SETS,
            "faces": (WHOLE, BOXES, *FINDERS),
            "normalise": NORMALISATIONS,
            "backbone": BACKBONES,
        }
        for key, known in names.items():
            require_known(self, key, known)
        require_range(self, ["margin", "min_side", "seed", "views", "learning_rate"], 0)
        require_range(self, ["size", "epochs", "batch"], 1)
        require_range(self, ["resize"], self.size)
        require_range(self, ["dropout"], 0, math.nextafter(1, 0))
        require_range(self, ["trained_layers"], ALL_LAYERS)
        if not all(type(neurons) is int and neurons > 0 for neurons in self.hidden):
            raise ValueError(f"hidden must be whole numbers above 0, got {list(self.hidden)!r}")
        known = (NETWORK, *CLASSIFIERS)
        if not self.classifiers or not all(each in known for each in self.classifiers):
            wanted = ", ".join(sorted(known))
            raise ValueError(
                f"classifiers must be some of {wanted}, got {list(self.classifiers)!r}"
            )
        try:
            parse_shares(self.shares)
        except UsageError as error:
            raise ValueError(
                f"shares must be TRAIN/TEST or TRAIN/TEST/VAL, sum 100, got {self.shares!r}"
            ) from error
