"""Finds pictures in bytes: as they are, in base64, and in ZIP files."""

from __future__ import annotations

import base64
import io
import re
import warnings
import zipfile
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

_BEGINNINGS = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|BM....\0\0\0\0|[IM]{2}[*\0][\0*]", re.S
)
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]|\\?\r?\\?\n){64,}={0,2}")


def pictures_in(data: bytes) -> list[str]:
    """What can be opened as a picture, each as its format and size, wherever it lies."""
    return list(_pictures(data))


def _pictures(data: bytes, depth: int = 3) -> Iterator[str]:
    yield from _opened(data)
    if depth == 0:
        return
    for run in _BASE64.finditer(data):
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", run[0])
        for start in range(4):  # other letters may stand before it
            whole = letters[start : start + (len(letters) - start) // 4 * 4]
            yield from _opened(base64.b64decode(whole))
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _pictures(archive.read(name), depth - 1)


def _opened(data: bytes) -> Iterator[str]:
    for beginning in _BEGINNINGS.finditer(data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                image = Image.open(io.BytesIO(data[beginning.start() :]))
            except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
                continue
        yield f"{image.format} {image.width} x {image.height}"
