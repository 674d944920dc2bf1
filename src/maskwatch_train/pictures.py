"""Reading training pictures."""

from __future__ import annotations

from pathlib import Path

from maskwatch.errors import SourceError, SourceNotFound
from maskwatch.frames.images import read_image
from maskwatch.types import Box, Frame, Image
from maskwatch_train.checksum import checksum
from maskwatch_train.errors import DataError


def read_picture(path: Path) -> Image:
    """BGR pixels of a picture, read as the import of data sets and the product read it.

    Raises:
        DataError: it is missing, or cannot be read.
    """
    try:
        return read_image(path)
    except SourceNotFound as error:
        raise DataError(path, _missing(path)) from error
    except SourceError as error:
        raise DataError(path, error.reason) from error


def frame_of(path: Path) -> Frame:
    """A picture as detectors and classifiers take it; raises DataError as `read_picture`."""
    return Frame(path.name, 0, 0.0, read_picture(path))


def whole_of(image: Image) -> Box:
    """The box of a picture as a whole."""
    height, width = image.shape[:2]
    return Box(0.0, 0.0, float(width), float(height))


def picture_checksum(path: Path) -> str:
    """SHA-256 of a picture's file in hexadecimal; raises DataError as `read_picture`."""
    if not path.exists():
        raise DataError(path, _missing(path))
    return checksum(path)


def _missing(path: Path) -> str:
    if path.parent.exists():
        return "no such file"
    # Whole folders are seldom lost: it is the set or its manifest that was moved.
    return (
        "no such file, nor its folder; if the set of a manifest was moved, "
        "maskwatch-train data group MANIFEST --folder NAME=DIR --out FILE writes one that finds it"
    )
