"""Exports a model folder to another format; nothing is left behind unless it passes the gate."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwatch.errors import OutputError, UsageError
from maskwatch.models.card import CARD_FILE, ModelCard
from maskwatch.outputs.files import make_folder, output_errors
from maskwatch_train.evaluate.cases import Case
from maskwatch_train.evaluate.judging.any_model import AnyClassifier
from maskwatch_train.evaluate.judging.subjects import speed
from maskwatch_train.evaluate.outcomes import judge
from maskwatch_train.exporting.formats import FORMATS, NEED_INPUTS, Files
from maskwatch_train.exporting.onnx import opened
from maskwatch_train.pictures import read_picture
from maskwatch_train.release.parity import Parity, ParityLimits, compare_files, require

CALIBRATION_FACES = 512
CALIBRATION_BATCH = 16


def export(
    source: Path,
    target: Path,
    form: str,
    calibration: Sequence[Case],
    cases: Sequence[Case],
    limits: ParityLimits,
    progress: Callable[[str], None] = lambda _line: None,
) -> Parity:
    """Writes a model folder in another format.

    Args:
        source: a mask classifier's model folder with an ONNX file.
        target: folder to write; it must not exist.
        form: a key of `FORMATS`.
        calibration: faces whose ranges eight bits are fitted to; no test faces.
        cases: labelled faces that both files are asked about.
        limits: what the new file may differ by.
        progress: told what is being done.

    Returns:
        How both files compare.

    Raises:
        ModelError: the source cannot be used, or (ParityError) the new file says something else.
        OutputError: the target exists or cannot be written.
        UsageError: an unknown format, or no faces to compare or calibrate with.
    """
    if form not in FORMATS:
        raise UsageError(f"unknown format {form!r}, expected one of {', '.join(FORMATS)}")
    if not cases or (form in NEED_INPUTS and not calibration):
        raise UsageError("there are no faces to compare the files on, or to calibrate with")
    if target.exists():
        raise OutputError(str(target), "it exists already")
    card, model = opened(source, "mask_classifier")
    progress(f"converting {card.name} {card.version} to {form}")
    inputs = _inputs(card, calibration) if form in NEED_INPUTS else []
    files = FORMATS[form](model, inputs)
    make_folder(target.parent)
    with (
        output_errors(target),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as aside,
    ):
        made = Path(aside) / "model"
        _write(made, card, form, files, {})
        progress(f"comparing both on {len(cases)} faces")
        before, after = AnyClassifier.from_folder(source), AnyClassifier.from_folder(made)
        crops = [before.crop(read_picture(case.picture), case.box) for case in cases]
        found = compare_files(
            judge(before, cases),
            judge(after, cases),
            limits,
            (before.boxes(crops), after.boxes(crops)),
        )
        require(found, f"{card.name} as {form}")
        times = {"before": speed(before), "after": speed(after)}
        told = {"parity": found.as_json(), "ms_per_face": times, "calibrated_on": len(calibration)}
        _write(made, card, form, files, told)
        made.replace(target)
    return found


def _inputs(card: ModelCard, cases: Sequence[Case]) -> list[NDArray[Any]]:
    classifier = AnyClassifier.from_folder(card.folder)
    chosen = np.random.default_rng(0).permutation(len(cases))[:CALIBRATION_FACES]
    crops = [classifier.crop(read_picture(cases[i].picture), cases[i].box) for i in sorted(chosen)]
    return list(classifier.inputs(crops, CALIBRATION_BATCH))


def _write(folder: Path, card: ModelCard, form: str, files: Files, told: dict[str, Any]) -> None:
    """The files, and the card of the source with what has changed; the card last.

    Its scores are of the source's file, and do not come along.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    first = next(iter(files))
    values = json.loads((card.folder / CARD_FILE).read_text(encoding="utf-8"))
    values |= {
        # The form of the source, if it had one, is gone.
        "version": f"{card.version.partition('+')[0]}+{form}",
        "file": first,
        "sha256": sums[first],
        "files": {name: checksum for name, checksum in sums.items() if name != first},
        "bytes": sum(len(content) for content in files.values()),
        "summary": {
            **{key: value for key, value in card.summary.items() if key != "scores"},
            "exported": {"format": form, "from_sha256": card.sha256, "files": sums, **told},
        },
    }
    (folder / CARD_FILE).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
