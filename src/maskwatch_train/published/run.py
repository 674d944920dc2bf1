"""One published system from its recipe to its figures."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from maskwatch.outputs.files import make_folder, write_whole
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.scoring.report import without_nan
from maskwatch_train.published.backbones import (
    DOWNLOAD,
    NONE,
    Start,
    downloaded_normalisation,
    open_body,
)
from maskwatch_train.published.classes import CLASS_SETS, class_of
from maskwatch_train.published.features import (
    Extractor,
    augmented_features,
    plain_features,
)
from maskwatch_train.published.network import Classifier, new_head
from maskwatch_train.published.outcome import scores, write_reports
from maskwatch_train.published.pictures import WHOLE, Framing, Watch, pixels_of
from maskwatch_train.published.recipe import NETWORK, NORMALISATIONS, PublishedRecipe
from maskwatch_train.published.sklearn_heads import fitted_probabilities, require_enough
from maskwatch_train.published.splits import split_rows
from maskwatch_train.published.training import (
    Labelled,
    probabilities_of_features,
    probabilities_of_pictures,
    train_on_features,
    train_on_pictures,
)
from maskwatch_train.running.engine import Site, Watcher
from maskwatch_train.running.run_folder import STATE, begin, read_log

FORMAT = 1
RESULT = "result.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run works.

    Attributes:
        site: where and on what it trains; a run that was stopped goes on.
        cache: folder for pictures and features, which several runs may share.
        weights: see `maskwatch_train.published.backbones.open_body`.
    """

    site: Site
    cache: Path
    weights: str


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """The labels that a recipe can use, each with its class and its side of the split."""

    manifest: Manifest
    labels: NDArray[np.int64]
    pictures: NDArray[np.uint8]
    """``(N, R, R, 3)`` RGB."""
    split: str
    """How the sides were made, as ``--split`` names it."""

    def side(self, name: str) -> NDArray[np.intp]:
        """Rows of one side of the split."""
        return np.flatnonzero([row.split == name for row in self.manifest.rows])

    def labelled(self, inputs: NDArray[Any]) -> Labelled:
        """What is learned from: pictures or features, with their labels."""
        return Labelled(inputs, self.labels, self.side("train"), self.side("val"))


def prepare(
    whole: Manifest, recipe: PublishedRecipe, split: str, cache: Path, watch: Watch
) -> Material:
    """Chooses, splits and reads what a recipe is trained and tested on.

    Raises:
        UsageError: there is no such split.
        DataError: nothing is left for one class, or too little for one of the classifiers, the
            recipe looks at whole pictures of which some have several labels, or a picture cannot
            be read.
    """
    classes = CLASS_SETS[recipe.classes]
    chosen = [
        (row, index)
        for row in whole.rows
        if (index := class_of(row, classes)) is not None
        and (row.box is None or row.box.side >= recipe.min_side)
    ]
    labels = [index for _, index in chosen]
    if absent := [name for index, name in enumerate(classes) if index not in labels]:
        raise DataError(Path("the data"), f"no labels of the class {absent[0]}")
    if recipe.faces == WHOLE:
        _refuse_crowds([row for row, _ in chosen])
    rows = split_rows([row for row, _ in chosen], labels, split, recipe.shares, recipe.seed)
    learned = Counter(
        classes[index] for row, index in zip(rows, labels, strict=True) if row.split == "train"
    )
    require_enough(recipe.classifiers, learned)
    manifest = Manifest(rows, whole.folders, whole.notes)
    framing = Framing(recipe.faces, recipe.margin, recipe.resize)
    return Material(manifest, np.array(labels), pixels_of(manifest, framing, cache, watch), split)


def _refuse_crowds(rows: Sequence[ManifestRow]) -> None:
    """A whole picture says nothing about one of its faces, and is the same for all of them."""
    faces = Counter(row.picture for row in rows)
    crowds = [path for (_, path), count in faces.items() if count > 1]
    if crowds:
        more = f", as have {len(crowds) - 1} others" if len(crowds) > 1 else ""
        raise DataError(
            Path(crowds[0]),
            f"has several labels{more}, but the recipe looks at whole pictures: change that "
            "(--set 'faces=\"boxes\"'), or crop the faces (data crop)",
        )


def begin_as(recipe: PublishedRecipe, material: Material, weights: str, out: Path) -> None:
    """Keeps in the folder of a run what it is begun with, or sees that it goes on with the same.

    Raises:
        UsageError, DataError, OutputError: see `maskwatch_train.running.run_folder.begin`.
    """
    asked = {
        **json.loads(json.dumps(asdict(recipe))),  # with lists, as they come back from the file
        "--split": material.split,
        "--weights": weights if weights in (DOWNLOAD, NONE) else str(Path(weights).resolve()),
        "--data (sha256)": material.manifest.sha256,
    }
    begin(out, asked)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What a run learned to say."""

    said: Mapping[str, NDArray[np.float64]]
    """Probabilities ``(M, C)`` of the test side by classifier."""
    start: Start
    seconds: float
    """Of all that it took, epochs of before a stop included."""


def train(recipe: PublishedRecipe, material: Material, place: Place, watch: Watch) -> Trained:
    """Trains every classifier of a recipe and asks it about the test side.

    Args:
        recipe: what to do.
        material: from `prepare`.
        place: where.
        watch: told of every few pictures whose features are made.

    Raises:
        UsageError: there are no such weights for the backbone.
        DataError: the weights do not fit, or there are too few pictures.
        SourceError: the weights cannot be downloaded.
        NotFinite: the loss is not finite.
        OutputError: the folder of the run cannot be written.
    """
    started = time.monotonic() - _seconds_before(place.site.out)
    torch.manual_seed(recipe.seed)  # of the head, and of a body that starts at random
    with place.site.fabric.rank_zero_first():
        body, start = open_body(recipe.backbone, place.weights)
    if place.weights == DOWNLOAD:
        _tell_normalisation(recipe, place.site.watcher)
    said = _said(recipe, material, body, start.sha256, place, watch)
    return Trained(said, start, time.monotonic() - started)


def _tell_normalisation(recipe: PublishedRecipe, watcher: Watcher) -> None:
    """Says so where downloaded weights know pictures that are normalised otherwise."""
    wanted = downloaded_normalisation(recipe.backbone)
    if wanted == NORMALISATIONS[recipe.normalise]:
        return
    names = [name for name, each in NORMALISATIONS.items() if each == wanted]
    fitting = f"--set 'normalise=\"{names[0]}\"' fits" if names else f"by {wanted}"
    watcher.said(
        f"the weights of {recipe.backbone} were trained on pictures normalised otherwise than "
        f"{recipe.normalise!r}: {fitting}"
    )


def _seconds_before(out: Path) -> float:
    """Of the epochs that a run goes on from."""
    return sum(row.get("seconds", 0.0) for row in read_log(out)) if (out / STATE).exists() else 0.0


def conclude(
    recipe: PublishedRecipe,
    changes: Sequence[str],
    material: Material,
    trained: Trained,
    out: Path,
) -> dict[str, Any]:
    """Writes reports and ``result.json``.

    Args:
        recipe: what was done.
        changes: what of it is not as the recipe's file says, to be told with the result.
        material: what it was done with.
        trained: what came of it.
        out: folder of the run.

    Returns:
        What the file holds.

    Raises:
        DataError: a picture cannot be read.
        OutputError: a file cannot be written.
    """
    classes = CLASS_SETS[recipe.classes]
    test = material.side("test")
    tested = [material.manifest.rows[index] for index in test]
    groups = [row.global_group for row in tested]
    title = f"{recipe.system}, {material.split} split"
    areas = write_reports(out, title, material.manifest, tested, trained.said, classes)
    result = {
        "format": FORMAT,
        "recipe": asdict(recipe),
        "changes": list(changes),
        "split": material.split,
        "weights": asdict(trained.start),
        "data": {
            "sha256": material.manifest.sha256,
            **{side: len(material.side(side)) for side in ("train", "val", "test")},
        },
        "seconds": round(trained.seconds),
        "classifiers": {
            name: {**scores(each, material.labels[test], groups, classes), "auc": areas[name]}
            for name, each in trained.said.items()
        },
    }
    make_folder(out)
    content = json.dumps(without_nan(result), indent=1, allow_nan=False)
    write_whole(out / RESULT, content.encode() + b"\n")
    return result


def _said(
    recipe: PublishedRecipe,
    material: Material,
    body: nn.Module,
    checksum: str,
    place: Place,
    watch: Watch,
) -> Mapping[str, NDArray[np.float64]]:
    """Probabilities of the test side by classifier."""
    others = [name for name in recipe.classifiers if name != NETWORK]
    if recipe.trained_layers == 0:
        extractor = Extractor(body.to(place.site.fabric.device), checksum, place.cache, watch)
        said, features = _frozen(recipe, material, extractor, place.site)
    else:
        network, told = _fine_tuned(recipe, material, body, place.site)
        said = {NETWORK: told}
        if others:
            trained = Extractor(network.body, "", place.cache, watch)
            features = plain_features(trained, material.pictures, recipe)
    train, test = material.side("train"), material.side("test")
    for name in others:
        said[name] = fitted_probabilities(
            name,
            features[train],
            material.labels[train],
            features[test],
            len(CLASS_SETS[recipe.classes]),
            recipe.seed,
        )
    return said


def _frozen(
    recipe: PublishedRecipe, material: Material, extractor: Extractor, site: Site
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float32]]:
    """What a head says on top of a body that stays as it is, if one is wanted; the features."""
    with site.fabric.rank_zero_first():
        features = plain_features(extractor, material.pictures, recipe)
        learned_from = features[:, None]
        if recipe.views:
            learned_from = augmented_features(extractor, material.pictures, recipe)
    if NETWORK not in recipe.classifiers:
        return {}, features
    head: nn.Module = _new_head(recipe, features.shape[1])
    head = train_on_features(head, material.labelled(learned_from), recipe, site)
    return {NETWORK: probabilities_of_features(head, features[material.side("test")])}, features


def _fine_tuned(
    recipe: PublishedRecipe, material: Material, body: nn.Module, site: Site
) -> tuple[Classifier, NDArray[np.float64]]:
    """A network whose last layers were trained too, and what it says."""
    head = _new_head(recipe, _width(body, recipe.size))
    network = Classifier(body, head, recipe.trained_layers)
    network = train_on_pictures(network, material.labelled(material.pictures), recipe, site)
    test = material.pictures[material.side("test")]
    return network, probabilities_of_pictures(network, test, recipe)


def _new_head(recipe: PublishedRecipe, width: int) -> nn.Module:
    return new_head(width, recipe.hidden, recipe.dropout, len(CLASS_SETS[recipe.classes]))


@torch.inference_mode()
def _width(body: nn.Module, size: int) -> int:
    """Features of one picture."""
    return int(body.eval()(torch.zeros(1, 3, size, size)).shape[1])
