"""The backbones of the published systems, and where their ImageNet weights come from."""

from __future__ import annotations

import hashlib
import http.client
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from torch import Tensor, nn

from maskwatch.errors import SourceError, UsageError
from maskwatch_train import backbones as shipped
from maskwatch_train.errors import DataError, reading
from maskwatch_train.running.run_folder import read_weights

_COUNTER = "num_batches_tracked"
DOWNLOAD, NONE = "download", "none"
Channels = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a network without its head comes from.

    Attributes:
        library: ``torchvision`` or ``timm``.
        name: in that library.
        least_side: of the pictures that it takes, in pixels; of smaller ones its pooling leaves
            nothing.
    """

    library: str
    name: str
    least_side: int = 1


BACKBONES = {
    "alexnet": Origin("torchvision", "alexnet", 63),
    "vgg16": Origin("torchvision", "vgg16", 32),
    "mobilenet": Origin("timm", "mobilenetv1_100"),
    **{
        name: Origin("timm", shipped.BACKBONES[name].timm_name)
        for name in ("mobilenetv2", "efficientnet-lite0")
    },
}


@dataclass(frozen=True, slots=True)
class Start:
    """Where the weights of a body came from.

    Attributes:
        source: ``download``, ``none``, or the file's or package's name.
        sha256: of all weights in their order; of random ones too.
    """

    source: str
    sha256: str


def open_body(name: str, weights: str) -> tuple[nn.Module, Start]:
    """A backbone from ``(N, 3, S, S)`` to features ``(N, D)``.

    It raises UsageError for pictures that are smaller than it takes.

    Args:
        name: a key of `BACKBONES`.
        weights: ``download`` asks torchvision or timm, ``none`` starts at random; else a file
            with weights under the library's names, or a folder with the third-party weights.

    Raises:
        UsageError: no such backbone, or the folder has no weights for it.
        DataError: the weights cannot be read or do not fit.
        SourceError: they cannot be downloaded.
    """
    if name not in BACKBONES:
        raise UsageError(f"no backbone is called {name!r}; there are {sorted(BACKBONES)}")
    chosen = BACKBONES[name]
    of_library = weights == DOWNLOAD or Path(weights).is_file()
    at_hand = shipped.BACKBONES.get(name)
    # The library's own weights belong to the network as it is there.
    body = _made(chosen, at_hand.options if at_hand and not of_library else {})
    if weights != NONE:
        _fill(body, _weights(name, weights), weights)
    body.register_forward_pre_hook(partial(_refuse_small, name))
    source = weights if weights in (DOWNLOAD, NONE) else Path(weights).name
    return body, Start(source, _checksum(body))


def downloaded_normalisation(name: str) -> tuple[Channels, Channels]:
    """Mean and standard deviation, of RGB in [0, 1], of the pictures that downloaded weights know.

    Args:
        name: a key of `BACKBONES`.
    """
    chosen = BACKBONES[name]
    known: Any
    if chosen.library == "timm":
        known = timm.get_pretrained_cfg(chosen.name)
    else:
        known = torchvision.models.get_model_weights(chosen.name).DEFAULT.transforms()
    return tuple(known.mean), tuple(known.std)


def _made(chosen: Origin, options: Mapping[str, Any]) -> nn.Module:
    if chosen.library == "timm":
        network: nn.Module = timm.create_model(chosen.name, num_classes=0, **options)
        return network
    whole = torchvision.models.get_model(chosen.name)
    return nn.Sequential(_named(features=whole.features, avgpool=whole.avgpool), nn.Flatten())


def _refuse_small(name: str, _body: nn.Module, inputs: tuple[Tensor]) -> None:
    side, least = min(inputs[0].shape[-2:]), BACKBONES[name].least_side
    if side < least:
        raise UsageError(f"{name} takes pictures of {least} pixels or more, but size is {side}")


def _named(**parts: nn.Module) -> nn.Sequential:
    together = nn.Sequential()
    for name, part in parts.items():
        together.add_module(name, part)
    return together


def _weights(name: str, weights: str) -> dict[str, Tensor]:
    if weights == DOWNLOAD:
        return _downloaded(BACKBONES[name])
    place = Path(weights)
    if place.is_dir():
        known = shipped.BACKBONES.get(name)
        if known is None or known.weights is None:
            raise UsageError(
                f"no weights of {name} at hand: give --weights FILE, {DOWNLOAD}, or {NONE} to "
                "start at random"
            )
        return known.weights(place)
    if place.suffix == ".safetensors":
        return read_weights(place)
    try:
        with reading(place):
            state: dict[str, Tensor] = torch.load(place, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise DataError(place, "not a file of weights that PyTorch can read safely") from error
    return state


def _downloaded(chosen: Origin) -> dict[str, Tensor]:
    """ImageNet weights from where the library keeps them; raises SourceError."""
    try:
        return _fetched(chosen)
    # No network, no server, a connection that broke off, a file that is not what it should be.
    except (OSError, http.client.HTTPException, RuntimeError) as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        raise SourceError(
            f"ImageNet weights of {chosen.name}",
            f"cannot be downloaded ({said}): give --weights FILE, or {NONE} to start at random",
        ) from error


def _fetched(chosen: Origin) -> dict[str, Tensor]:
    if chosen.library == "timm":
        whole = timm.create_model(chosen.name, pretrained=True, num_classes=0)
        state: dict[str, Tensor] = whole.state_dict()
        return state
    entry = torchvision.models.get_model_weights(chosen.name).DEFAULT
    fetched: dict[str, Tensor] = entry.get_state_dict(progress=True, check_hash=True)
    return fetched


def _fill(body: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Loads what of a whole network's weights belongs to its body."""
    inner = body[0] if isinstance(body, nn.Sequential) else body
    # Not a weight: how many batches a normalisation has seen, which not every file tells.
    wanted = {n: v for n, v in inner.state_dict().items() if not n.endswith(_COUNTER)}
    missing = [name for name in wanted if name not in state]
    if missing:
        raise DataError(Path(source), f"weights that do not fit: {missing[0]} is not there")
    for name, value in wanted.items():
        if value.shape != state[name].shape:
            shapes = f"{tuple(state[name].shape)}, not {tuple(value.shape)}"
            raise DataError(Path(source), f"weights that do not fit: {name} has shape {shapes}")
    inner.load_state_dict({name: state[name] for name in wanted}, strict=False)


def _checksum(body: nn.Module) -> str:
    total = hashlib.sha256()
    for value in body.state_dict().values():
        total.update(value.contiguous().numpy().tobytes())
    return total.hexdigest()
