"""From what the user typed to the list of sources that it means; nothing is decoded yet."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from maskwatch.errors import SourceError, SourceNotFound
from maskwatch.frames.sniff import SourceKind, kind_of_file, kind_of_name
from maskwatch.frames.urls import STREAM_SCHEMES, mask_password, reason_to_refuse, scheme_of
from maskwatch.reasons import system_reason


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source that can be opened."""

    name: str
    """Path, URL or camera as given, with any password masked."""
    kind: SourceKind
    location: str = field(repr=False)
    """What to open: a path, a whole URL with its password, or a camera's number or device."""

    @property
    def is_file(self) -> bool:
        """Whether it is a picture or a video on this machine, and ``location`` its path."""
        return self.kind in (SourceKind.IMAGE, SourceKind.VIDEO)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found for a request, and what went wrong on the way."""

    specs: tuple[SourceSpec, ...] = ()
    errors: tuple[SourceError, ...] = ()
    """What is missing or cannot be read; the rest is in ``specs`` all the same."""
    ignored: int = 0
    """Files in folders and globs that are no pictures or videos: their extension says so, or, of
    those that have none, their content."""

    def __add__(self, other: Discovery) -> Discovery:
        return Discovery(
            self.specs + other.specs, self.errors + other.errors, self.ignored + other.ignored
        )


def discover_all(requests: Iterable[str]) -> Discovery:
    """`discover` for several requests, in their order."""
    found = [discover(request) for request in requests]
    return Discovery(
        tuple(spec for each in found for spec in each.specs),
        tuple(error for each in found for error in each.errors),
        sum(each.ignored for each in found),
    )


def discover(request: str) -> Discovery:
    """The sources that one command-line argument stands for. Never raises for bad input.

    - digits: the webcam of that number (``./0`` is a file of that name);
    - a device below ``/dev``: that webcam;
    - a URL of a known scheme: a stream;
    - an existing file: a picture or a video, by its content whatever its extension;
    - a folder: the pictures and videos in it and below, in alphabetical order;
    - anything with ``*``, ``?`` or ``[``: the matching files, ``**`` for folders at any depth.

    In folders and globs, names that start with a dot are passed over, and files with another
    extension, or with none and another content, are only counted. Every folder is visited once
    for the same part of a glob, so links cannot make a circle.
    """
    if re.fullmatch(r"[0-9]+", request):
        return _one(SourceSpec(request, SourceKind.CAMERA, request))
    scheme = scheme_of(request)
    if scheme == "file":
        return _from_path(unquote(urlsplit(request).path), request)
    if scheme is not None:
        return _from_url(request, scheme)
    return _from_path(request, request)


def _from_url(url: str, scheme: str) -> Discovery:
    name = mask_password(url)
    if scheme not in STREAM_SCHEMES:
        return _failed(SourceError(name, f"streams of the kind {scheme}:// are not supported"))
    reason = reason_to_refuse(url)
    if reason is not None:
        return _failed(SourceError(name, reason))
    return _one(SourceSpec(name, SourceKind.STREAM, url))


def _from_path(path: str, name: str) -> Discovery:
    if not path:
        return _failed(SourceNotFound(name, "the name is empty"))
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if glob.has_magic(path):
            return _from_glob(path)
        return _failed(SourceNotFound(name, "no such file or folder"))
    except (OSError, ValueError) as error:
        return _failed(SourceError(name, system_reason(error)))
    if stat.S_ISDIR(mode):
        return _from_folder(Path(path))
    if stat.S_ISCHR(mode) and path.startswith("/dev/"):
        return _one(SourceSpec(name, SourceKind.CAMERA, path))
    if not stat.S_ISREG(mode):
        return _failed(SourceError(name, "neither a file nor a folder"))
    return _one(SourceSpec(name, kind_of_file(Path(path)) or SourceKind.IMAGE, path))


def _from_folder(folder: Path) -> Discovery:
    errors: list[SourceError] = []
    found = _select(_files_below(folder, errors), errors)
    if not found.specs and not found.errors:
        reason = f"no pictures or videos in this folder{_others(found.ignored)}"
        found += _failed(SourceNotFound(str(folder), reason))
    return found


def _from_glob(pattern: str) -> Discovery:
    """Own matching instead of `glob.glob`.

    That follows circular links until the system refuses, and skips unreadable folders silently.
    """
    parts = Path(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:fixed])

    def below_root(path: Path) -> tuple[str, ...]:
        return path.parts[len(root.parts) :]

    errors: list[SourceError] = []
    files = _files_below(root, errors, lambda path: _left(below_root(path), parts[fixed:]))
    matching = (path for path in files if _matches(below_root(path), parts[fixed:]))
    found = _select(matching, errors)
    if not found.specs and not found.errors:
        reason = f"matches no pictures or videos{_others(found.ignored)}"
        found += _failed(SourceNotFound(pattern, reason))
    return found


def _matches(names: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    """Whether the parts of a path fit those of a glob."""
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_matches(names[skipped:], patterns[1:]) for skipped in range(len(names) + 1))
    if not names or not fnmatch.fnmatch(names[0], patterns[0]):
        return False
    return _matches(names[1:], patterns[1:])


def _left(names: tuple[str, ...], patterns: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """What is left of a glob for what lies in the folder of these parts: any of several globs.

    Empty where nothing there, or below, can fit.
    """
    if not patterns:
        return frozenset()
    if not names:
        return frozenset({patterns})
    if patterns[0] == "**":
        return _left(names[1:], patterns) | _left(names, patterns[1:])
    if not fnmatch.fnmatch(names[0], patterns[0]):
        return frozenset()
    return _left(names[1:], patterns[1:])


def _files_below(
    root: Path, errors: list[SourceError], sought: Callable[[Path], Hashable] = lambda _: True
) -> Iterator[Path]:
    """All files under a folder; folders that cannot be read go to ``errors``.

    Args:
        root: where to start.
        errors: added to.
        sought: what is looked for in a folder, false where it is not to be entered. A folder that
            is reached on several ways, by links, is looked into once for the same.
    """
    seen: set[tuple[int, int, Hashable]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        aim = sought(folder)
        if not aim:
            continue
        try:
            status = folder.stat()
            names = sorted(entry.name for entry in os.scandir(folder))
        except OSError as error:
            reason = f"cannot look into the folder: {system_reason(error)}"
            errors.append(SourceError(str(folder), reason))
            continue
        visit = (status.st_dev, status.st_ino, aim)
        if visit in seen:
            continue
        seen.add(visit)
        paths = [folder / name for name in names if not name.startswith(".")]
        folders = {path for path in paths if _is_folder(path)}
        yield from (path for path in paths if path not in folders)
        waiting.extend(path for path in reversed(paths) if path in folders)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _select(paths: Iterable[Path], errors: list[SourceError]) -> Discovery:
    """The pictures and videos among files, sorted; the others are counted."""
    specs: list[SourceSpec] = []
    ignored = 0
    for path in sorted(paths):
        try:
            if kind_of_name(path) is None and (path.suffix or not _has_known_content(path)):
                ignored += 1
                continue
            is_file = stat.S_ISREG(path.stat().st_mode)
        except FileNotFoundError:
            errors.append(SourceNotFound(str(path), "a broken link"))
        except OSError as error:
            errors.append(SourceError(str(path), system_reason(error)))
        else:
            if is_file:
                kind = kind_of_file(path) or SourceKind.IMAGE
                specs.append(SourceSpec(str(path), kind, str(path)))
            else:
                errors.append(SourceError(str(path), "neither a file nor a folder"))
    return Discovery(tuple(specs), tuple(errors), ignored)


def _has_known_content(path: Path) -> bool:
    """Whether a file without an extension is a picture or a video; what is no file is not read.

    Raises:
        OSError: nobody can tell.
    """
    return path.is_file() and kind_of_file(path) is not None


def _one(spec: SourceSpec) -> Discovery:
    return Discovery(specs=(spec,))


def _failed(error: SourceError) -> Discovery:
    return Discovery(errors=(error,))


def _others(ignored: int) -> str:
    return f" (other files: {ignored})" if ignored else ""
