"""``maskwatch-train data download``: public sets, licence before and checksum after."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from maskwatch.errors import UsageError
from maskwatch.outputs.files import write_whole
from maskwatch_train.cli.data.progress import console
from maskwatch_train.cli.say import say
from maskwatch_train.data.catalogue import CATALOGUE, PublicSet, RemoteFile, read_catalogue
from maskwatch_train.data.download import fetch, unpack, verify
from maskwatch_train.data.whole_folder import whole_folder

ARCHIVES = "archives"


def download(
    name: Annotated[str | None, typer.Argument(help="Name of a set; none lists them.")] = None,
    to: Annotated[Path, typer.Option("--to", help="Folder for archives and sets.")] = Path("data"),
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Its licence is known and kept.")
    ] = False,
    archive: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="An archive that is here already; all of a set, if one is.",
        ),
    ] = None,
    checksum: Annotated[
        str, typer.Option(help="SHA-256 to insist on, where the authors publish none.")
    ] = "",
    catalogue: Annotated[
        Path, typer.Option(help="Other catalogue of sets (JSON).", show_default=False)
    ] = CATALOGUE,
) -> None:
    """Fetch a public set: shows its licence, checks and unpacks it."""
    sets = read_catalogue(catalogue)
    if name is None:
        _list(sets.values())
        return
    if name not in sets:
        raise UsageError(f"no set is called {name!r}; there are {', '.join(sets)}")
    chosen = sets[name]
    _show(chosen)
    archives = _archives(chosen, archive or (), checksum, to / ARCHIVES)
    if not accept_licence:
        _ask()
    for file, digest in _fetched(chosen, archives, to / name).items():
        say(f"{file}: sha256 {digest}")
    say(_next_step(chosen, to / name))


def _list(sets: Iterable[PublicSet]) -> None:
    for each in sets:
        licence = f"licence: {each.licence}\n  {_source(each)}"
        say(f"{each.name}: {each.title}\n  {licence}\n  {each.page}")


def _archives(
    chosen: PublicSet, given: Collection[Path], sha256: str, folder: Path
) -> dict[RemoteFile, Path]:
    """The archives of a set, and where each is or will be.

    Args:
        chosen: the set.
        given: those that are here already.
        sha256: what the one archive must have; empty if nobody insists on any.
        folder: for those that are fetched.

    Raises:
        UsageError: they cannot be fetched, or what is given does not fit the set.
    """
    places = {each.name: each for each in given}
    if len(places) < len(given):
        raise UsageError("--archive: two archives have the same name")
    files = [_insisting(each, sha256) for each in _files(chosen, places)]
    if sha256 and len(files) != 1:
        raise UsageError(f"--checksum is for one file; {chosen.name} has {len(files)}")
    return {each: places.get(each.name, folder / each.name) for each in files}


def _fetched(chosen: PublicSet, archives: Mapping[RemoteFile, Path], to: Path) -> dict[str, str]:
    """Fetches and unpacks a set; gives the checksums of its archives by their names."""
    with whole_folder(to) as part:
        got = {file.name: _checksum(file, path) for file, path in archives.items()}
        for path in archives.values():
            unpack(path, part)
        origin = {
            "title": chosen.title,
            "page": chosen.page,
            "licence": chosen.licence,
            "sha256": got,
        }
        write_whole(part / "ORIGIN.json", json.dumps(origin, indent=2).encode())
    return got


def _files(chosen: PublicSet, given: Collection[str]) -> Sequence[RemoteFile]:
    """The archives of a set.

    Args:
        chosen: the set.
        given: names of the archives that are here already; without any they are fetched.

    Raises:
        UsageError: only a person can fetch them, or others are given than the set consists of.
    """
    if not given and not chosen.files:
        raise UsageError(f"{chosen.name}: {chosen.manual}")
    if not chosen.files:
        return [RemoteFile("", name) for name in given]
    names = [each.name for each in chosen.files]
    if given and set(given) != set(names):
        raise UsageError(
            f"--archive: {chosen.name} consists of {', '.join(names)}, "
            f"under these names; given are {', '.join(given)}"
        )
    return chosen.files


def _show(chosen: PublicSet) -> None:
    say(f"{chosen.title}\n{chosen.page}\nlicence: {chosen.licence}\n{_source(chosen)}")
    for file in chosen.files:
        known = [f"{kind} {getattr(file, kind)}" for kind in ("sha256", "md5")]
        told = ", ".join(each for each in known if not each.endswith(" "))
        size = f", {file.size / 1e6:,.0f} MB" if file.size else ""
        say(f"{file.name}{size}: {told or 'its authors publish no checksum'}\n  {file.url}")


def _source(chosen: PublicSet) -> str:
    """Where the licence was read. It may have changed since, so that the page counts."""
    if chosen.checked:
        return f"read in: {chosen.checked}"
    return "not verified by this project: read it on the page"


def _ask() -> None:
    if not sys.stdin.isatty():
        raise UsageError("read the licence above, then repeat with --accept-licence")
    typer.confirm("Do you accept this licence?", abort=True)


def _insisting(file: RemoteFile, sha256: str) -> RemoteFile:
    if not sha256 or file.sha256 == sha256:
        return file
    if file.sha256:
        raise UsageError(f"--checksum {sha256}: {file.name} must have {file.sha256}")
    return RemoteFile(file.url, file.name, file.size, sha256, file.md5)


def _checksum(file: RemoteFile, target: Path) -> str:
    """The checksum of an archive, fetched unless it is here already."""
    if target.exists():
        return verify(file, target)
    columns: Sequence[TextColumn | BarColumn | DownloadColumn] = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
    )
    with Progress(
        *columns,
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task(file.name, total=None)

        def move(have: int, total: int | None) -> None:
            bar.update(task, completed=have, total=total)

        return fetch(file, target, move)


def _next_step(chosen: PublicSet, folder: Path) -> str:
    if not chosen.layout:
        return f"{folder}: unpacked; it has no mask labels to import"
    words = ["maskwatch-train", "data", "import", chosen.layout, str(folder / chosen.folder)]
    words += ["--name", chosen.name, "--licence", chosen.licence, "--out", f"{chosen.name}.jsonl"]
    return f"next: {shlex.join(words)}"
