import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

torch = pytest.importorskip("torch")

from maskwatch.errors import ModelError, OutputError  # noqa: E402
from maskwatch.faces.yunet import YuNetDetector, YuNetSettings  # noqa: E402
from maskwatch.masks.labels import softmax  # noqa: E402
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR  # noqa: E402
from maskwatch.models.card import read_card  # noqa: E402
from maskwatch_train.detector.network import ExportedYuNet, YuNet  # noqa: E402
from maskwatch_train.exporting.onnx import (  # noqa: E402
    DETECTOR,
    OPSET,
    CardText,
    to_onnx,
    write_model_folder,
)


@pytest.fixture(scope="module")
def network() -> YuNet:
    torch.manual_seed(0)
    return YuNet().eval()


def text() -> CardText:
    return CardText("toy", "1", "face_detector", (), {"long_side": 640}, {"limits": []})


def test_the_exported_detector_takes_any_size(network: YuNet) -> None:
    session = ort.InferenceSession(to_onnx(ExportedYuNet(network), DETECTOR).SerializeToString())
    for height, width in ((64, 64), (96, 160), (32, 320)):
        image = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        with torch.no_grad():
            expected = [out.numpy() for out in ExportedYuNet(network)(torch.from_numpy(image))]
        for ours, theirs in zip(session.run(None, {"pixels": image}), expected, strict=True):
            # Weights are stored as float16: eleven bits.
            assert ours == pytest.approx(theirs, abs=2e-2, rel=2e-2)


def test_large_weights_are_stored_in_half_the_space(network: YuNet) -> None:
    size = to_onnx(ExportedYuNet(network), DETECTOR).ByteSize()
    assert size < 0.75 * 4 * sum(p.numel() for p in network.parameters())


def test_a_written_folder_is_read_back(network: YuNet, tmp_path: Path) -> None:
    write_model_folder(to_onnx(ExportedYuNet(network), DETECTOR), text(), tmp_path / "model")
    card = read_card(tmp_path / "model", "face_detector")
    card.verify()
    assert card.setting("long_side") == 640
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == ["card.json", "model.onnx"]


def test_a_detector_that_takes_other_input_is_refused(tmp_path: Path) -> None:
    image, scores = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 3, None, None])
        for name in ("image", "scores")
    )
    nodes = [onnx.helper.make_node("Identity", ["image"], ["scores"])]
    graph = onnx.helper.make_graph(nodes, "floats", [image], [scores])
    opset = onnx.helper.make_opsetid("", OPSET)
    older = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    write_model_folder(older, replace(text(), settings=asdict(YuNetSettings())), tmp_path / "model")
    with pytest.raises(ModelError, match="exported by an older version"):
        YuNetDetector.from_folder(tmp_path / "model")


@pytest.mark.parametrize("folder", [DEFAULT_DETECTOR, DEFAULT_CLASSIFIER])
def test_the_shipped_cards_say_what_they_must(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    summary = card["summary"]
    assert summary["licence"] == "Apache-2.0"
    assert summary["limits"]
    assert summary["data"]
    assert summary["scores"]
    assert card["bytes"] == (folder / card["file"]).stat().st_size


def test_the_shipped_models_fit_in_ten_megabytes() -> None:
    sizes = [(f / "model.onnx").stat().st_size for f in (DEFAULT_DETECTOR, DEFAULT_CLASSIFIER)]
    assert sum(sizes) <= 10_000_000


def test_softmax_of_the_package_is_torch_s() -> None:
    logits = np.random.default_rng(0).normal(0, 4, (5, 7))
    expected = torch.softmax(torch.from_numpy(logits) / 1.7, dim=1).numpy()
    assert softmax(logits, 1.7) == pytest.approx(expected)


def test_a_full_disk_leaves_no_half_a_model(
    network: YuNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _data: bytes) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    model = to_onnx(ExportedYuNet(network), DETECTOR)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"model\.onnx: no space left on the device"):
        write_model_folder(model, text(), tmp_path / "model")
    assert list((tmp_path / "model").iterdir()) == []


def test_dates_of_the_card_s_text_become_iso_text(network: YuNet, tmp_path: Path) -> None:
    told = {
        "made": date(2026, 11, 22),
        "at": time(8, 5),
        "both": [datetime(2026, 11, 22, tzinfo=UTC)],
    }
    model = to_onnx(ExportedYuNet(network), DETECTOR)
    write_model_folder(model, replace(text(), summary=told), tmp_path)
    expected = {"made": "2026-11-22", "at": "08:05:00", "both": ["2026-11-22T00:00:00+00:00"]}
    assert read_card(tmp_path, "face_detector").summary == expected


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_text_that_no_card_can_hold_leaves_an_earlier_model_as_it_was(
    network: YuNet, tmp_path: Path
) -> None:
    model = to_onnx(ExportedYuNet(network), DETECTOR)
    write_model_folder(model, text(), tmp_path)
    before = written(tmp_path)
    model.doc_string = "another"
    with pytest.raises(TypeError, match="a card cannot hold"):
        write_model_folder(model, replace(text(), summary={"limits": {1}}), tmp_path)
    assert written(tmp_path) == before


@pytest.mark.parametrize("done", range(5))
def test_no_card_is_ever_beside_a_model_that_it_does_not_describe(
    done: int, network: YuNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files are written, the old card is removed, and two are renamed: each may fail."""
    model = to_onnx(ExportedYuNet(network), DETECTOR)
    write_model_folder(model, text(), tmp_path)
    model.doc_string = "another"
    left = iter(range(done))

    def failing(whole: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            if next(left, None) is None:
                raise OSError(5, "Input/output error")
            return whole(*arguments, **named)

        return step

    with monkeypatch.context() as patch:
        for name in ("write_bytes", "unlink", "replace"):
            patch.setattr(Path, name, failing(getattr(Path, name)))
        with pytest.raises(OutputError, match="put/output error"):
            write_model_folder(model, text(), tmp_path)
    assert (tmp_path / "card.json").exists() == (done < 3)
    if done < 3:
        read_card(tmp_path, "face_detector").verify()
    assert set(written(tmp_path)) <= {"card.json", "model.onnx"}
