from __future__ import annotations

from pathlib import Path

import pytest

from maskwatch_train.evaluate.names import FileNames, shortest_ends


@pytest.mark.parametrize(
    ("paths", "least", "ends"),
    [
        (["/d/a/1.jpg", "/d/a/2.jpg"], 1, ["1.jpg", "2.jpg"]),
        (["/d/a/1.jpg", "/d/a/2.jpg"], 2, ["a/1.jpg", "a/2.jpg"]),
        # only those that are alike need more
        (["/d/a/1.jpg", "/d/b/1.jpg", "/d/b/2.jpg"], 1, ["a/1.jpg", "b/1.jpg", "2.jpg"]),
        # all of the shorter one is the end of the longer one
        (["/1.jpg", "/a/1.jpg"], 1, ["/1.jpg", "a/1.jpg"]),
        # no path has so many parts
        (["/1.jpg"], 3, ["/1.jpg"]),
        # one file under two names
        (["/d/a/1.jpg", "/d/b/../a/1.jpg"], 1, ["1.jpg", "1.jpg"]),
    ],
)
def test_an_end_is_as_short_as_tells_it_from_all_others(
    paths: list[str], least: int, ends: list[str]
) -> None:
    files = [Path(path) for path in paths]
    found = shortest_ends(files, least)
    assert [found[path] for path in files] == ends
    names = FileNames(files)
    assert all(len(names.meant(Path(end))) == 1 for end in ends)


def test_a_name_fits_whole_parts_only() -> None:
    names = FileNames([Path("/d/images/01.jpg")])
    assert names.meant(Path("images/01.jpg")) == [Path("/d/images/01.jpg")]
    assert not names.meant(Path("1.jpg"))
    assert not names.meant(Path("ages/01.jpg"))
    assert not names.meant(Path("/images/01.jpg"))


def test_a_whole_path_is_rather_itself_than_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").touch()
    (tmp_path / "b").symlink_to("a")
    both = [tmp_path / "a" / "1.jpg", tmp_path / "b" / "1.jpg"]
    assert FileNames(both).meant(both[1]) == [both[1]]
    assert FileNames(both[:1]).meant(both[1]) == [both[0]]
