"""Fetching and unpacking archives: resumed where they stopped, checked before they get a name."""

from __future__ import annotations

import hashlib
import http.client
import lzma
import shutil
import stat
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from maskwatch.errors import OutputError, SourceError
from maskwatch.outputs.files import make_folder, output_errors
from maskwatch_train.data.catalogue import RemoteFile
from maskwatch_train.errors import DataError

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0
_ATTEMPTS = 4

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    UnicodeDecodeError,
)
"""What unpacking raises of an archive that is damaged, or locked with a password."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and, where it is known, how many there will be."""


def fetch(file: RemoteFile, target: Path, progress: Progress, pause_s: float = 2.0) -> str:
    """Fetches a file; what was fetched of it before is kept and continued.

    Args:
        file: where it lies, and the checksums that it must have.
        target: its final name; it appears there only when it is whole and right.
        progress: told after every piece.
        pause_s: before another attempt.

    Returns:
        Its SHA-256.

    Raises:
        SourceError: the server cannot be reached, does not have it, or keeps breaking off.
        DataError: it has another checksum; it is deleted.
        OutputError: there is no room for it.
    """
    make_folder(target.parent)
    part = target.with_name(f"{target.name}.part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _continue(file, part, progress)
            break
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == _ATTEMPTS:
                raise SourceError(file.url, f"{error.code} {error.reason}") from error
        # No server, no route to it any more, silence, TLS that is garbled: all come as these.
        except (OSError, http.client.HTTPException) as error:
            if attempt == _ATTEMPTS:
                raise SourceError(file.url, _told(error)) from error
        time.sleep(pause_s)
    try:
        sha256 = verify(file, part)
    except DataError:
        part.unlink()
        raise
    with output_errors(target):
        part.replace(target)
    return sha256


def _told(error: OSError | http.client.HTTPException) -> str:
    reason = getattr(error, "reason", error)  # of a URLError
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def verify(file: RemoteFile, path: Path) -> str:
    """The SHA-256 of a fetched file, when its checksums are right.

    Raises:
        DataError: one is not.
    """
    found = {"sha256": hashlib.sha256(), "md5": hashlib.md5(usedforsecurity=False)}
    with path.open("rb") as opened:
        while piece := opened.read(_CHUNK):
            for each in found.values():
                each.update(piece)
    for kind, digest in found.items():
        wanted = getattr(file, kind)
        if wanted and digest.hexdigest() != wanted:
            raise DataError(path, f"{kind} is {digest.hexdigest()}, must be {wanted}")
    return found["sha256"].hexdigest()


def _continue(file: RemoteFile, part: Path, progress: Progress) -> None:
    """Fetches what is missing of a file; raises what the network raises."""
    have = part.stat().st_size if part.exists() else 0
    try:
        answer = _ask(file, have)
    except urllib.error.HTTPError as error:
        if not have or error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return  # nothing is left to fetch
        # What is here is not of this file, which has become shorter.
        with output_errors(part):
            part.unlink()
        answer = _ask(file, 0)
    with answer:
        # A server that cannot continue sends it from the beginning.
        is_rest = answer.status == http.client.PARTIAL_CONTENT
        _pour(answer, part, have if is_rest else 0, file.size, progress)


def _ask(file: RemoteFile, have: int) -> http.client.HTTPResponse:
    """The server's answer, of what follows the bytes that are here; raises what urllib raises."""
    # The catalogue lets nothing through but HTTP.
    request = urllib.request.Request(  # noqa: S310
        file.url, headers={"User-Agent": "maskwatch-train"}
    )
    if have:
        request.add_header("Range", f"bytes={have}-")
    answer: http.client.HTTPResponse = urllib.request.urlopen(  # noqa: S310
        request, timeout=_TIMEOUT_S
    )
    return answer


def _pour(
    answer: http.client.HTTPResponse, part: Path, have: int, size: int, progress: Progress
) -> None:
    """Writes an answer behind the bytes that are kept.

    Args:
        answer: of a server.
        part: the file.
        have: so many bytes of it are kept; 0 begins it anew.
        size: of the whole, by the catalogue, where the server does not tell; 0 if unknown.
        progress: told after every piece.
    """
    length = answer.headers.get("Content-Length")
    total = have + int(length) if length else (size or None)
    _check_room(part, (total or 0) - have)
    with output_errors(part):
        out = part.open("ab" if have else "wb")
    with out:
        progress(have, total)
        while piece := answer.read1(_CHUNK):
            with output_errors(part):
                out.write(piece)
                out.flush()
            have += len(piece)
            progress(have, total)
    if total is not None and have < total:
        raise http.client.IncompleteRead(b"", total - have)


def _check_room(path: Path, needed: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise OutputError(
            str(path), f"needs {needed / 1e6:,.0f} MB, but {free / 1e6:,.0f} MB are free"
        )


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a ZIP or TAR archive into a folder.

    Raises:
        DataError: it is neither, damaged, or an entry would land outside of the folder or has no
            name.
        OutputError: there is no room for it.
    """
    make_folder(folder)
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, folder)
        elif tarfile.is_tarfile(archive):
            _untar(archive, folder)
        else:
            raise DataError(archive, "neither a ZIP nor a TAR archive")
    except _DAMAGE as error:
        raise DataError(archive, f"cannot be unpacked: {error}") from error
    except OSError as error:
        if error.errno is None:  # not of the system: so gzip and bz2 say that data are damaged
            raise DataError(archive, f"cannot be unpacked: {error}") from error
        raise OutputError(str(folder), error.strerror or str(error)) from error


def _untar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        _check_room(folder / "x", sum(each.size for each in opened.getmembers()))
        # Behind the last entry comes the checksum of what is compressed; only who reads it knows.
        while opened.fileobj is not None and opened.fileobj.read(_CHUNK):
            pass
        opened.extractall(folder, filter="data")


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        entries = opened.infolist()
        for each in entries:
            path = PurePosixPath(each.filename.replace("\\", "/"))
            is_link = stat.S_ISLNK(each.external_attr >> 16)
            on_drive = ":" in "".join(path.parts[:1])  # "./" has no parts
            if path.is_absolute() or ".." in path.parts or on_drive or is_link:
                raise DataError(archive, f"entry {each.filename!r} would land outside")
            if not path.parts and not each.filename.endswith("/"):
                raise DataError(archive, f"entry {each.filename!r} is a file without a name")
        _check_room(folder / "x", sum(each.file_size for each in entries))
        opened.extractall(folder)  # noqa: S202 - checked just now
