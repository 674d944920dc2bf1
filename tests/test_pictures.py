"""The search for pictures: if it missed some, a proof that there are none would be worthless."""

from __future__ import annotations

import base64
import io
import json
import random
import zipfile

import pytest
from PIL import Image

from tests.pictures import pictures_in


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((48, 32), 60).save(file, kind)
    return file.getvalue()


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photo", data)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_is_found_wherever_it_lies(kind: str) -> None:
    picture = encoded(kind)
    found = f"{kind} 48 x 32"
    assert found in pictures_in(picture)
    assert found in pictures_in(b"SQLite format 3\0" + picture + b"more")
    assert found in pictures_in(b"Content: inline\r\n\r\n" + base64.encodebytes(picture))
    assert found in pictures_in(json.dumps({"p": base64.b64encode(picture).decode()}).encode())
    assert found in pictures_in(zipped(picture))


def test_half_a_picture_is_found() -> None:
    assert pictures_in(encoded("JPEG")[:-300]) == ["JPEG 48 x 32"]


def test_nothing_is_found_in_text_and_noise() -> None:
    noise = random.Random(1).randbytes(1 << 20)  # noqa: S311 - nothing secret
    assert pictures_in(noise) == []
    assert pictures_in(b"maskwatch " * 10_000) == []
