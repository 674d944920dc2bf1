"""Still pictures: any file that Pillow knows, as one BGR array."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from maskwatch.errors import ImageTooLarge, SourceError, SourceNotFound, UnreadableImage
from maskwatch.frames.orientation import Turn, turned
from maskwatch.frames.sniff import HEADER_BYTES, is_heif
from maskwatch.reasons import system_reason
from maskwatch.types import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskwatch.types import Image

DEFAULT_MAX_PIXELS = 200_000_000
"""200 megapixels: more than any camera delivers, 600 MB as an array."""

# Pillow's names of what is read; what looks at few bytes, or none, to know its own comes last. Not
# among them: EPS, which Pillow hands to Ghostscript, and formats it knows but cannot decode.
# Pictures may come from strangers.
_FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "DIB", "ICO", "PSD"),
    *("QOI", "DDS", "SGI", "SUN", "PCX", "TGA"),
)

# What Pillow and its decoders raise for damaged files.
_DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
    Pillow.DecompressionBombError,
)

# Exif tag 0x0112: the cv2 call that undoes each orientation (Exif 2.3, section 4.6.4).
_EXIF_ORIENTATION = 0x0112
_UNDO_ORIENTATION = {
    2: (lambda image: cv2.flip(image, 1)),
    3: (lambda image: cv2.rotate(image, cv2.ROTATE_180)),
    4: (lambda image: cv2.flip(image, 0)),
    5: (lambda image: cv2.transpose(image)),
    6: (lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)),
    7: (lambda image: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180)),
    8: (lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)),
}

# Tags of TIFF (6.0, section 8, and TIFF/EP, ISO 12234-2) and of DNG that tell raw photos.
_NEW_SUBFILE_TYPE = 254
_SUB_IFDS = 330
_DNG_VERSION = 50706

_pillow_limit = threading.Lock()


def read_image(
    path: Path, *, name: str | None = None, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Image:
    """Read a picture file; what it is, is decided by its content, not by its extension.

    Exif orientation is undone. Of an animation the first picture is taken. Transparent parts
    are laid on white, as viewers show them. Of 16 bits a channel the upper eight are kept;
    floating-point pixels are taken as 0 to 1 if none is above 1, else as 0 to 255.

    Args:
        path: the file.
        name: what errors call the file; by default the path.
        max_pixels: larger pictures are refused before they are decoded.

    Returns:
        ``(H, W, 3)`` uint8, BGR, C-contiguous.

    Raises:
        SourceNotFound: there is no such file.
        SourceError: the file cannot be opened; the reason says why.
        ImageTooLarge: more than ``max_pixels``.
        UnreadableImage: empty, truncated, damaged, or not a picture.
    """
    name = str(path) if name is None else name
    try:
        with path.open("rb") as file:
            return decode_image(file, name=name, max_pixels=max_pixels)
    except FileNotFoundError as error:
        raise SourceNotFound(name, "no such file") from error
    except OSError as error:
        raise SourceError(name, system_reason(error)) from error


def decode_image(file: IO[bytes], *, name: str, max_pixels: int = DEFAULT_MAX_PIXELS) -> Image:
    """The picture in a seekable binary file; see `read_image`."""
    header = file.read(HEADER_BYTES)
    if not header:
        raise UnreadableImage(name, "empty file (0 bytes)")
    file.seek(0)
    formats = (*_FORMATS, _learned_heif()) if is_heif(header) else _FORMATS
    with _opened(file, name, formats) as picture:
        width, height = picture.size
        if width * height > max_pixels:
            raise ImageTooLarge(
                name,
                f"{width}x{height} pixels ({width * height / 1e6:.0f} megapixels) are over the "
                f"limit of {max_pixels / 1e6:g} megapixels",
            )
        try:
            if _is_raw_photo(picture):
                raise UnreadableImage(name, "a raw photo of a camera, which is not read")
            picture.load()
            image = _to_bgr(picture)
            undo = _UNDO_ORIENTATION.get(_orientation(picture))
        except MemoryError as error:
            raise ImageTooLarge(name, f"{width}x{height} pixels do not fit in memory") from error
        except _DECODE_ERRORS as error:
            raise UnreadableImage(name, _damage(picture.format, error)) from error
    return np.ascontiguousarray(undo(image) if undo else image)


class ImageSource:
    """A picture file as a source of one frame.

    Args:
        path: the file, read when the frame is asked for.
        name: what frames and errors call it; by default the path.
        turn: by which the picture is turned after its Exif orientation was undone.
    """

    is_live = False
    frame_count = 1
    fps = None
    damaged = 0

    def __init__(self, path: Path, name: str | None = None, *, turn: Turn = 0) -> None:
        self.name = str(path) if name is None else name
        self._path = path
        self._turn = turn

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        image = read_image(self._path, name=self.name)
        yield Frame(self.name, 0, 0.0, turned(image, self._turn))


def _learned_heif() -> str:
    """Teaches Pillow to read HEIF, which only now takes its 40 ms; gives Pillow's name of it."""
    from pi_heif import register_heif_opener

    register_heif_opener()
    return "HEIF"


@contextmanager
def _opened(file: IO[bytes], name: str, formats: tuple[str, ...]) -> Iterator[Pillow.Image]:
    """A picture whose header has been read, and no more."""
    try:
        picture = _open_unlimited(file, formats)
    except UnidentifiedImageError as error:
        raise UnreadableImage(name, "not an image in a format that can be read") from error
    except _DECODE_ERRORS as error:
        raise UnreadableImage(name, _damage(None, error)) from error
    with picture:
        yield picture


def _open_unlimited(file: IO[bytes], formats: tuple[str, ...]) -> Pillow.Image:
    """`PIL.Image.open` without Pillow's own size limit, which is global, lower, and warns.

    Only the header is read while the limit is off; `decode_image` applies ours right after.
    """
    with _pillow_limit:
        limit = Pillow.MAX_IMAGE_PIXELS
        Pillow.MAX_IMAGE_PIXELS = None
        try:
            return Pillow.open(file, formats=formats)
        finally:
            Pillow.MAX_IMAGE_PIXELS = limit


def _is_raw_photo(picture: Pillow.Image) -> bool:
    """Whether it is a TIFF whose first picture is but a thumbnail of what a camera's sensor saw."""
    if not isinstance(picture, TiffImageFile):
        return False
    tags = picture.tag_v2
    if _DNG_VERSION in tags:
        return True
    is_reduced = bool(tags.get(_NEW_SUBFILE_TYPE, 0) & 1)
    return is_reduced and _SUB_IFDS in tags


def _to_bgr(picture: Pillow.Image) -> Image:
    """The decoded picture as ``(H, W, 3)`` BGR, whatever its mode."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return np.repeat(_deep_grey(picture)[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Pillow.new("RGBA", picture.size, "white")
        picture = Pillow.alpha_composite(paper, picture)
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    return np.asarray(cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2BGR), np.uint8)


def _deep_grey(picture: Pillow.Image) -> NDArray[np.uint8]:
    """Grey of more than 8 bits, integer or floating point, as ``(H, W)`` uint8."""
    grey = np.asarray(picture)
    if picture.mode == "F":
        grey = np.nan_to_num(grey)
        scale = 255.0 if grey.max() <= 1.0 else 1.0
        return np.asarray(np.clip(np.rint(grey * scale), 0, 255), np.uint8)
    return np.asarray(np.clip(grey, 0, 0xFFFF) // 256, np.uint8)


def _orientation(picture: Pillow.Image) -> int:
    """The Exif orientation still to be undone, 1 when there is none or it is damaged.

    Asked after decoding, because some decoders undo it themselves and then drop the tag.
    """
    try:
        orientation = picture.getexif().get(_EXIF_ORIENTATION, 1)
    except _DECODE_ERRORS:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _damage(kind: str | None, error: BaseException) -> str:
    said = str(error) or type(error).__name__
    if "truncated" in said.lower():
        return f"the {kind or 'image'} data is cut off"
    return f"damaged {kind or 'image'} data ({said})"
