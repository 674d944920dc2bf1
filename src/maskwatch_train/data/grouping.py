"""Groups of a manifest: what its sets say, exact copies, and near-duplicates across all sets."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from maskwatch.types import Box
from maskwatch_train.data.manifest import UNSPLIT, Manifest, ManifestRow
from maskwatch_train.data.neardup import Fingerprint, Likeness, find_pairs, join
from maskwatch_train.errors import DataError

NOTE = "near_duplicates"
"""Key of the manifest's notes: how near-duplicates were looked for. Without it nobody looked."""
TOLD_LEAKS = 5
"""An error message names so many of them."""


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two pictures that show the same photograph."""

    first: ManifestRow
    second: ManifestRow
    distance: int
    mirrored: bool

    def __str__(self) -> str:
        turned = ", mirrored" if self.mirrored else ""
        one, other = (f"{row.source_set}/{row.path}" for row in (self.first, self.second))
        return f"{one} and {other} ({self.distance} of 64 bits differ{turned})"


def merge(manifests: Sequence[tuple[Path, Manifest]]) -> Manifest:
    """One manifest of the rows of several, in their order.

    Sets of one name that lie in different folders, as exports of one program do, are told apart by
    a number. They may be of the same cameras: what the last says of a picture counts, and groups
    that they call alike stay one.

    Raises:
        DataError: two of them hold the same set.
    """
    taken = {row.source_set for _, manifest in manifests for row in manifest.rows}
    owners: dict[str, list[tuple[Path, Path | None]]] = {}
    last = {
        (row.source_set, row.sha256): path for path, manifest in manifests for row in manifest.rows
    }
    rows: list[ManifestRow] = []
    folders: dict[str, Path] = {}
    for path, manifest in manifests:
        names: dict[str, str] = {}
        for name in dict.fromkeys(row.source_set for row in manifest.rows):
            folder, before = manifest.folders.get(name), owners.setdefault(name, [])
            _refuse_again(path, name, folder, before)
            names[name] = _free_name(name, taken) if before else name
            taken.add(names[name])
            before.append((path, folder))
        rows += [
            row
            if names[row.source_set] == row.source_set
            # The group keeps the name of its set.
            else replace(row, source_set=names[row.source_set], group=row.global_group)
            for row in manifest.rows
            if last[row.source_set, row.sha256] == path
        ]
        folders |= {names[n]: place for n, place in manifest.folders.items() if n in names}
    return Manifest(tuple(rows), folders, manifests[0][1].notes if len(manifests) == 1 else {})


def _refuse_again(
    path: Path, name: str, folder: Path | None, owners: Iterable[tuple[Path, Path | None]]
) -> None:
    for owner, other in owners:
        if folder is None or other is None or folder.resolve() == other.resolve():
            raise DataError(path, f"holds the set {name!r}, as does {owner}")


def _free_name(name: str, taken: Collection[str]) -> str:
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(each for each in numbered if each not in taken)


def pictures_of(rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    """The first row of each picture, in their order."""
    return list({row.picture: row for row in reversed(rows)}.values())[::-1]


def unlike_copies(rows: Sequence[ManifestRow]) -> list[tuple[ManifestRow, ManifestRow]]:
    """Copies of one file, byte for byte, that are not of one mind about a face.

    Returns:
        The first copy with each of the others that has another label.
    """
    first: dict[tuple[str, Box | None], ManifestRow] = {}
    pairs = [(first.setdefault((row.sha256, row.box), row), row) for row in rows]
    return [(one, other) for one, other in pairs if one.label_text != other.label_text]


def near_pairs(
    pictures: Sequence[ManifestRow],
    prints: Mapping[tuple[str, str], Fingerprint],
    likeness: Likeness,
) -> Iterator[NearPair]:
    """Near-duplicates among pictures, one after the other."""
    for pair in find_pairs([prints[row.picture] for row in pictures], likeness):
        yield NearPair(pictures[pair.first], pictures[pair.second], pair.distance, pair.mirrored)


@dataclass(slots=True)
class Leaks:
    """Near-duplicates that lie on two sides of a split: how many, and the first few."""

    count: int = 0
    groups: set[str] = field(default_factory=set)
    first: list[NearPair] = field(default_factory=list)

    def see(self, pair: NearPair) -> None:
        """Counts a pair if it is a leak."""
        if pair.first.split != pair.second.split:
            self.count += 1
            self.groups.add(pair.first.global_group)
            if len(self.first) < TOLD_LEAKS:
                self.first.append(pair)


def group(manifest: Manifest, pairs: Iterable[NearPair], likeness: Likeness) -> Manifest:
    """Joins groups that near-duplicates, exact copies or faces of one picture connect.

    No group is ever split.

    Args:
        manifest: its groups are kept together.
        pairs: near-duplicates among its pictures; gone through once.
        likeness: what they were found with, for the notes.

    Returns:
        The same rows with groups that span sets, named after their first picture's.

    Raises:
        DataError: groups are joined that lie in different splits: the manifest's split leaks.
    """
    pictures = pictures_of(manifest.rows)
    place = {row.picture: i for i, row in enumerate(pictures)}
    kinds: Counter[bool] = Counter()
    leaks = Leaks()

    def links() -> Iterator[tuple[int, int]]:
        first_with: dict[tuple[str, str], int] = {}
        # Of every row: the faces of a picture may lie in several groups.
        for row in manifest.rows:
            for key in (("group", row.global_group), ("sha256", row.sha256)):
                yield first_with.setdefault(key, place[row.picture]), place[row.picture]
        for pair in pairs:
            kinds[pair.mirrored] += 1
            leaks.see(pair)
            yield place[pair.first.picture], place[pair.second.picture]

    roots = join(len(pictures), links())
    _refuse_leaks(pictures, roots, leaks)
    names = {row.picture: pictures[roots[i]].global_group for i, row in enumerate(pictures)}
    rows = tuple(replace(row, group=names[row.picture]) for row in manifest.rows)
    found = {"pairs": kinds.total(), "mirrored": kinds[True]}
    return Manifest(rows, manifest.folders, {**manifest.notes, NOTE: asdict(likeness) | found})


def _refuse_leaks(pictures: Sequence[ManifestRow], roots: Sequence[int], leaks: Leaks) -> None:
    sides: dict[int, set[str]] = {}
    for row, root in zip(pictures, roots, strict=True):
        sides.setdefault(root, set()).add(row.split)
    torn = sum(len(each) > 1 for each in sides.values())
    if torn:
        raise DataError(Path("the split"), leak_message(leaks, torn))


def leak_message(leaks: Leaks, groups: int) -> str:
    """What is wrong with a split that near-duplicates cross, with the first few."""
    told = "".join(
        f"\n  {pair} in {pair.first.split or 'no split'} and {pair.second.split or 'no split'}"
        for pair in leaks.first
    )
    rest = leaks.count - len(leaks.first)
    more = f"\n  and {rest} more pairs" if rest else ""
    return (
        f"leaks: {groups} groups of near-duplicates lie on more than one side{told}{more}\n"
        "make a new one (data group --drop-split, then data split)"
    )


def drop_split(manifest: Manifest) -> Manifest:
    """The manifest without its split."""
    rows = tuple(replace(row, split=UNSPLIT) for row in manifest.rows)
    notes = {key: value for key, value in manifest.notes.items() if key != "split"}
    return Manifest(rows, manifest.folders, notes)


def summarise(manifest: Manifest) -> dict[tuple[str, str], Counter[str]]:
    """How many labels of each kind: by set and split, then by label."""
    table: dict[tuple[str, str], Counter[str]] = {}
    for row in manifest.rows:
        kind = "background" if row.label is None else (row.fault or row.label).value
        table.setdefault((row.source_set, row.split), Counter())[kind] += 1
    return table
