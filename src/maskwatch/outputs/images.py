"""Annotated pictures."""

from __future__ import annotations

from pathlib import Path

import cv2

from maskwatch.errors import OutputError
from maskwatch.outputs.files import write_whole
from maskwatch.types import Image

JPEG_QUALITY = 92
"""Where artefacts are not visible any more at twice the size, and files still small."""

_PARAMETERS = {".png": [], ".jpg": [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]}
# What keeps every pixel stays without loss; everything else becomes JPEG.
_LOSSLESS = frozenset(
    {".png", ".apng", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"}
    | {".tga"}
)


def picture_suffix(source_suffix: str) -> str:
    """``.png`` for formats that keep every pixel, ``.jpg`` for all others; ``.jpeg`` stays."""
    lower = source_suffix.lower()
    if lower in _LOSSLESS:
        return ".png"
    return lower if lower == ".jpeg" else ".jpg"


def write_picture(path: Path, image: Image) -> None:
    """Writes PNG or JPEG, by the extension; the file is complete or not there.

    Args:
        path: ends with ``.png``, ``.jpg`` or ``.jpeg``.
        image: ``(H, W, 3)`` uint8 BGR.

    Raises:
        OutputError: it cannot be written, or the format does not allow pictures of that size.
    """
    kind = ".png" if path.suffix == ".png" else ".jpg"
    try:
        done, data = cv2.imencode(kind, image, _PARAMETERS[kind])
    except cv2.error as error:
        raise OutputError(str(path), f"cannot be encoded as {kind[1:]}") from error
    if not done:
        size = f"{image.shape[1]}x{image.shape[0]}"
        raise OutputError(str(path), f"{kind[1:]} does not allow pictures of {size}")
    write_whole(path, data.tobytes())


class PictureFile:
    """A ``PictureSink`` for a source of one picture."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, image: Image, t: float) -> None:  # noqa: ARG002 - a picture has no time
        """Writes the file."""
        write_picture(self._path, image)

    def close(self) -> None:
        """Nothing is left to do."""
