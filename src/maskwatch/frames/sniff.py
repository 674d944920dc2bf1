"""What a file holds, judged by its first bytes. Names and extensions lie; contents rarely do."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

HEADER_BYTES = 400  # two packets of the longest MPEG transport stream variant, 192 bytes each


class SourceKind(StrEnum):
    """How a source is read."""

    IMAGE = "image"
    VIDEO = "video"
    CAMERA = "camera"
    STREAM = "stream"


# fmt: off
IMAGE_SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".bmp", ".dib", ".gif", ".tif",
    ".tiff", ".webp", ".avif", ".heic", ".heif", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm", ".tga",
    ".j2k", ".jpx", ".hif", ".ico", ".psd", ".qoi", ".dds", ".sgi", ".ras", ".sun", ".pcx",
})
VIDEO_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".qt", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".m2v", ".ts", ".mts",
    ".m2ts", ".wmv", ".asf", ".flv", ".f4v", ".3gp", ".3g2", ".ogv", ".mjpeg", ".mjpg", ".h264",
    ".264", ".h265", ".hevc", ".dav", ".vob", ".mxf",
})
# fmt: on

# Recordings that are JPEG pictures one after the other, so they begin like the first of them.
_MOTION_JPEG_SUFFIXES = frozenset({".mjpeg", ".mjpg"})

# https://en.wikipedia.org/wiki/List_of_file_signatures
_JPEG_MAGIC = b"\xff\xd8\xff"
_IMAGE_MAGIC = (
    _JPEG_MAGIC,
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00",
    b"MM\x00+",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n",
)
_VIDEO_MAGIC = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",  # MPEG video
    b"\x00\x00\x00\x01\x67",  # H.264 sequence parameters
    b"\x00\x00\x00\x01\x40",  # H.265 video parameters
    b"FLV\x01",
    b"OggS",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b"DHAV",  # Dahua recorders
)
_HEIF_BRANDS = (b"heic", b"heix", b"heif", b"mif1", b"msf1")
_STILL_BRANDS = (b"avif", b"avis", *_HEIF_BRANDS)
_QUICKTIME_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def kind_of_content(header: bytes) -> SourceKind | None:
    """IMAGE or VIDEO for the first bytes of a file, None when they are not familiar.

    A GIF or an animated PNG counts as an image: its first picture is what is looked at.
    """
    if header.startswith(_IMAGE_MAGIC) or _is_bitmap(header) or _is_netpbm(header):
        return SourceKind.IMAGE
    if header[:4] == b"RIFF":
        return {b"WEBP": SourceKind.IMAGE, b"AVI ": SourceKind.VIDEO}.get(header[8:12])
    if header[4:8] in _QUICKTIME_ATOMS:
        return SourceKind.IMAGE if _has_brand(header, _STILL_BRANDS) else SourceKind.VIDEO
    if header.startswith(_VIDEO_MAGIC) or _is_transport_stream(header):
        return SourceKind.VIDEO
    return None


def is_heif(header: bytes) -> bool:
    """Whether a file that begins so is HEIF (or HEIC, as telephones call it) and not AVIF."""
    return _has_brand(header, _HEIF_BRANDS)


def kind_of_name(path: Path) -> SourceKind | None:
    """IMAGE or VIDEO by the extension, None for any other."""
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return SourceKind.IMAGE
    return SourceKind.VIDEO if suffix in VIDEO_SUFFIXES else None


def kind_of_file(path: Path) -> SourceKind | None:
    """The kind by content or, for content that is not familiar or cannot be read, by name.

    The name also tells a Motion-JPEG recording from a picture.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError:
        header = b""
    if header.startswith(_JPEG_MAGIC) and path.suffix.lower() in _MOTION_JPEG_SUFFIXES:
        return SourceKind.VIDEO
    return kind_of_content(header) or kind_of_name(path)


def _has_brand(header: bytes, brands: tuple[bytes, ...]) -> bool:
    """The major brand of an ISO base media file (ISO 14496-12, 4.3)."""
    return header[4:8] == b"ftyp" and header[8:12] in brands


def _is_bitmap(header: bytes) -> bool:
    """Ordinary text may start with "BM"; a bitmap has two zero fields after the size."""
    return header[:2] == b"BM" and header[6:10] == b"\x00\x00\x00\x00"


def _is_netpbm(header: bytes) -> bool:
    return header[:1] == b"P" and header[1:2] in b"123456" and header[2:3].isspace()


def _is_transport_stream(header: bytes) -> bool:
    """Sync bytes one packet apart; packets have 188 bytes, or 192 with a time code in front."""
    return _has_packets(header, 0, 188) or _has_packets(header, 4, 192)


def _has_packets(header: bytes, start: int, size: int) -> bool:
    # The fourth byte of a packet says what follows, and never "nothing" (ISO 13818-1, 2.4.3.2).
    return all(
        len(header) > at + 3 and header[at] == 0x47 and header[at + 3] & 0x30
        for at in (start, start + size)
    )
