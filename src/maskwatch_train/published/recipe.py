"""What one published system did, as far as its paper says, and what it reported."""

from __future__ import annotations

from dataclasses import dataclass

ALL_LAYERS = -1


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
    """

    flip: float = 0.0
    crop: bool = False
    rotation: float = 0.0
    scale: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    grey: float = 0.0

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
        classes: a key of `maskwatch_train.published.classes.CLASS_SETS`.
        faces: ``whole`` picture, labelled ``boxes``, or the detector that finds the faces.
        margin: added on each side of a face, as a fraction of its longer side.
        min_side: labelled boxes whose shorter side is smaller, in pixels, are left out.
        resize: every picture or face becomes a square of so many pixels.
        size: the square that is cut out of it for the network.
        grey: whether all colour is taken away.
        normalise: a key of `maskwatch_train.published.views.NORMALISATIONS`.
        recolour: whether light blue masks get other colours in training.
        backbone: a key of `maskwatch_train.published.backbones.BACKBONES`.
        trained_layers: so many of the last layers learn, counted as Keras does; 0 for the head
            alone, -1 for all.
        hidden: neurons of the head's hidden layers.
        dropout: after each hidden layer, or before the only one.
        classifiers: ``network``, and keys of `maskwatch_train.published.sklearn_heads.CLASSIFIERS`
            that get the features of the trained network.
        epochs: passes over the training side.
        batch: pictures a step.
        learning_rate: of Adam, constant.
        shares: percent of train, test and perhaps val.
        seed: of the random split, data order, augmentation, dropout and the fresh head.
        views: with a frozen backbone, so many augmented views of each picture are drawn once and
            kept as features; 0 for the plain picture alone.
        augment: what happens to pictures in training.
        reported: the published figure.
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
