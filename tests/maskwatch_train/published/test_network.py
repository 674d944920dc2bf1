from pathlib import Path
from urllib.error import URLError

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

import timm  # noqa: E402
import torchvision  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402

from maskwatch.errors import SourceError, UsageError  # noqa: E402
from maskwatch_train.errors import DataError  # noqa: E402
from maskwatch_train.published.backbones import (  # noqa: E402
    downloaded_normalisation,
    open_body,
)
from maskwatch_train.published.network import Classifier, layers_of, new_head  # noqa: E402
from maskwatch_train.published.recipe import NORMALISATIONS  # noqa: E402


def small(trained_layers: int) -> Classifier:
    body = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
    )  # fmt: skip
    return Classifier(body, new_head(16, [8], 0.5, 3), trained_layers)


@pytest.mark.parametrize(
    ("trained_layers", "learning"),
    [
        (-1, {"body.0", "body.1", "body.3", "body.4", "head.0", "head.3"}),
        (0, {"head.0", "head.3"}),
        (4, {"head.0", "head.3"}),
        # The head's four, then ReLU and normalisation, but not the convolution before them.
        (6, {"body.4", "head.0", "head.3"}),
        (7, {"body.3", "body.4", "head.0", "head.3"}),
    ],
)
def test_so_many_of_the_last_layers_learn(trained_layers: int, learning: set[str]) -> None:
    network = small(trained_layers)
    found = {n.rpartition(".")[0] for n, p in network.named_parameters() if p.requires_grad}
    assert found == learning


def test_frozen_statistics_stay_in_training() -> None:
    network = small(7).train()
    before = network.body[1].running_mean.clone()  # type: ignore[index,union-attr]
    network(torch.randn(4, 3, 6, 6))
    assert torch.equal(network.body[1].running_mean, before)  # type: ignore[index,union-attr]
    assert not torch.equal(network.body[4].running_mean, torch.zeros(4))  # type: ignore[index,union-attr]


def test_mobilenet_has_the_81_layers_that_keras_counts_without_padding() -> None:
    body, _ = open_body("mobilenet", "none")
    # 27 convolutions, each with normalisation and activation; Keras adds the input.
    assert len(layers_of(body)) == 81


def test_weights_come_from_a_file_under_the_librarys_names(tmp_path: Path) -> None:
    whole = torchvision.models.alexnet()
    file = tmp_path / "alexnet.safetensors"
    save_file({name: value.contiguous() for name, value in whole.state_dict().items()}, file)
    body, start = open_body("alexnet", str(file))
    pictures = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        wanted = whole.avgpool(whole.features(pictures)).flatten(1)
        assert torch.equal(body.eval()(pictures), wanted)
    assert start.source == "alexnet.safetensors"


def test_weights_are_downloaded_by_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = torchvision.models.alexnet()
    asked = []

    def fetch(url: str, **options: object) -> dict[str, torch.Tensor]:
        asked.append((url, options["check_hash"]))
        return whole.state_dict()

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fetch)
    body, start = open_body("alexnet", "download")
    assert asked[0][1] is True
    assert "alexnet" in asked[0][0]
    assert start.source == "download"
    first = next(iter(body.parameters()))
    assert torch.equal(first, next(iter(whole.parameters())))


@pytest.mark.parametrize("weights", ["download", "mobilenetv2.safetensors"])
def test_the_library_s_own_weights_get_the_network_that_they_were_trained_in(
    weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = timm.create_model
    theirs = make("mobilenetv2_100", num_classes=0)
    for layer in theirs.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_var.mul_(1e-4)  # so that what is added to it counts

    def create(name: str, pretrained: bool = False, **options: object) -> torch.nn.Module:
        return theirs if pretrained else make(name, **options)

    monkeypatch.setattr("timm.create_model", create)
    if weights != "download":
        weights = str(tmp_path / weights)
        save_file(theirs.state_dict(), weights)
    body, _ = open_body("mobilenetv2", weights)
    pictures = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(body.eval()(pictures), theirs.eval()(pictures))


def test_pictures_that_weights_know_normalised_otherwise_are_told() -> None:
    assert downloaded_normalisation("alexnet") == NORMALISATIONS["imagenet"]
    assert downloaded_normalisation("mobilenetv2") == NORMALISATIONS["imagenet"]
    assert downloaded_normalisation("efficientnet-lite0") == NORMALISATIONS["symmetric"]


def test_weights_that_cannot_be_downloaded_are_an_error_that_says_what_else_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(
        SourceError, match=r"weights of alexnet: .*no route to host.*--weights FILE"
    ):
        open_body("alexnet", "download")


def test_what_cannot_be_had_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no weights of vgg16 at hand: give --weights FILE"):
        open_body("vgg16", str(tmp_path))
    with pytest.raises(UsageError, match="no backbone is called 'resnet'"):
        open_body("resnet", "none")
    with pytest.raises(DataError, match=r"none\.safetensors: "):
        open_body("mobilenet", str(tmp_path / "none.safetensors"))
    for name in ("text.safetensors", "text.pt", "empty.pt"):
        (tmp_path / name).write_text("" if name == "empty.pt" else "no weights")
        with pytest.raises(DataError, match=f"{name}: "):
            open_body("mobilenet", str(tmp_path / name))
    other = tmp_path / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(1)}, other)
    with pytest.raises(DataError, match=r"do not fit: 0\.weight|do not fit: features\.0\.bias"):
        open_body("alexnet", str(other))


@pytest.mark.parametrize(("name", "least"), [("alexnet", 63), ("vgg16", 32), ("mobilenet", 1)])
def test_a_body_says_how_small_its_pictures_may_be(name: str, least: int) -> None:
    body, _ = open_body(name, "none")
    with torch.inference_mode():
        assert body.eval()(torch.zeros(1, 3, least, least)).shape[0] == 1
        if least > 1:
            told = f"{name} takes pictures of {least} pixels or more, but size is {least - 1}"
            with pytest.raises(UsageError, match=told):
                body(torch.zeros(1, 3, least - 1, least - 1))
