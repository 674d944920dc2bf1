"""Documentation that cannot rot: what it says is compared with what is there."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from maskwatch.cli.exit_codes import ExitCode
from maskwatch.errors import OutputError, SourceNotFound
from maskwatch.frames.images import DEFAULT_MAX_PIXELS
from maskwatch.outputs import rows
from maskwatch.outputs.episodes import episode_as_json
from maskwatch.outputs.summary import RunSummary, SourceSummary, Tally, summary_as_json
from maskwatch.types import Episode, Fault, State
from tests.components import need

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The verbs of a program at any depth, each with the words that call it.

    Duck-typed, because Typer brings a copy of Click with classes of its own.
    """
    if hasattr(command, "commands"):
        for word, verb in command.commands.items():
            yield from commands(f"{name} {word}", verb)
    else:
        yield name, command


def verbs() -> list[tuple[str, Any]]:
    found = []
    for name, module in [
        ("maskwatch", "maskwatch.cli.main"),
        ("maskwatch-train", "maskwatch_train.cli.main"),
    ]:
        # The programs are imported here, not at the top: the other tests need no torch.
        app = importlib.import_module(module).app
        found += list(commands(name, typer.main.get_command(app)))
    return found


def options_of(verb: Any) -> list[str]:
    return [
        option
        for parameter in verb.params
        if parameter.param_type_name == "option" and not parameter.hidden
        for option in [*parameter.opts, *parameter.secondary_opts]
    ]


def section(page: str, title: str) -> str:
    """The text between the second-level heading ``title`` and the next one; empty without it."""
    sections = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return dict(zip(sections[1::2], sections[2::2], strict=True)).get(title, "")


def test_every_verb_and_each_of_its_options_is_documented() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    options = {name: options_of(verb) for name, verb in verbs()}
    assert "--blur" in options["maskwatch detect"]  # so that an empty walk cannot pass
    missing = [
        f"{name} {option}"
        for name, offered in options.items()
        for option in ["", *offered]
        if f"`{option}" not in section(page, f"`{name}`")
    ]
    assert missing == []


def test_no_option_is_documented_that_does_not_exist() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    invented = [
        f"{name} {option}"
        for name, verb in verbs()
        for option in re.findall(r"`(--?[a-z][a-z-]*)", section(page, f"`{name}`"))
        if option not in [*options_of(verb), "--help", "-h"]
    ]
    assert invented == []


def documented_default(section: str, option: str) -> str | None:
    """The default that the table of a command gives for an option; None where it gives none."""
    row = re.search(rf"^\| [^|]*`{option}[ `][^|]*\| (.*) \|$", section, re.MULTILINE)
    said = row and re.search(
        r"\(default (?:`(?P<word>[^`]+)`|(?P<number>-?[\d.]+))"
        r"|`(?P<first>[^`]+)`[^`]*\bthe default\b",
        row[1],
    )
    return said.group("word") or said.group("number") or said.group("first") if said else None


def test_defaults_of_options_are_documented_as_they_are() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    compared = {
        f"{name} {parameter.opts[0]}": (said, parameter.default)
        for name, verb in verbs()
        for parameter in verb.params
        if parameter.param_type_name == "option" and parameter.default is not None
        for said in [documented_default(section(page, f"`{name}`"), parameter.opts[0])]
        if said is not None
    }
    assert len(compared) > 40  # so that an empty walk cannot pass
    wrong = {
        option: (said, default)
        for option, (said, default) in compared.items()
        if said != (f"{default:g}" if isinstance(default, float) else str(default))
    }
    assert wrong == {}


def test_the_limit_of_pixels_is_stated_as_it_is() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"more than {DEFAULT_MAX_PIXELS / 1e6:g} million pixels is refused" in page


def test_every_exit_code_is_documented() -> None:
    page = section((ROOT / "docs" / "outputs.md").read_text(encoding="utf-8"), "Exit codes")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert documented == set(ExitCode)


def keys_of(value: object) -> set[str]:
    """All keys of a JSON value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def test_every_key_of_the_outputs_is_documented() -> None:
    episode = Episode("clip.mp4", 1, State.NO_MASK, None, 0.5, 2.0, 12)
    tally = Tally.of([(State.NO_MASK, None)])
    summary = RunSummary(
        (SourceSummary("clip.mp4", "video", 50, 40, tally, (episode,)),),
        (SourceNotFound("no.jpg", "no such file"),),
        (OutputError("out.jpg", "no space left"),),
    )
    keys = keys_of(summary_as_json(summary)) | keys_of(episode_as_json(episode))
    keys |= {*rows.KEYS, *rows.CSV_COLUMNS} | {*State, *Fault}
    page = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    assert sorted(key for key in keys if f"`{key}`" not in page) == []


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_every_key_of_the_recipes_is_documented_as_it_is() -> None:
    pytest.importorskip("torch")
    backbones = importlib.import_module("maskwatch_train.backbones").BACKBONES
    of_recipes = script("recipe_reference")
    made = of_recipes.reference()
    assert '| `backbone` | `"mobilenetv2"` |' in made  # so that an empty walk cannot pass
    assert [name for name in backbones if f"`{name}`" not in made] == []
    said = "run scripts/recipe_reference.py"
    assert of_recipes.PAGE.read_text(encoding="utf-8") == made, said


def test_every_key_of_the_configuration_is_documented_as_it_is() -> None:
    of_configuration = script("config_reference")
    made = of_configuration.reference()
    assert "`storage.retention.photos_days`" in made  # so that an empty walk cannot pass
    assert "| `inference.device` | `cpu` | `cpu`, `cuda`, `coreml`, `directml` |" in made
    assert "| `alerts.language` | none | `en`, `de` |" in made
    assert "| `web.login.tries` | `5` | 1 to 100 |" in made
    assert "| `cameras.NAME.max_fps` | `8` | above 0, at most 60 |" in made
    assert "| `alerts.channels.NAME.secret` | *needed* | at least 16 characters |" in made
    said = "run scripts/config_reference.py"
    assert of_configuration.PAGE.read_text(encoding="utf-8") == made, said


def tree_of(page: str) -> list[str]:
    """Paths named by the tree in a page: the block of plain text that shows the folder src.

    Two spaces of indentation are one level; each line is a name, two spaces or more, a phrase.
    """
    blocks = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    block = next(block for block in blocks if "src/" in block)
    paths: list[str] = []
    folders: list[str] = []
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.strip().split("  ")[0]
        folders[depth:] = [name.rstrip("/")]
        paths.append("/".join(folders[: depth + 1]))
    return paths


def test_every_path_in_the_readmes_tree_exists() -> None:
    paths = tree_of(README.read_text(encoding="utf-8"))
    assert len(paths) > 10
    assert [p for p in paths if not (ROOT / p).exists()] == []


@pytest.mark.parametrize("package", ["maskwatch", "maskwatch_train"])
def test_the_readmes_tree_leaves_out_no_folder_and_no_module_of(package: str) -> None:
    folder = ROOT / "src" / package
    there = {
        f"src/{package}/{path.name}"
        for path in folder.iterdir()
        if (path.is_dir() and (path / "__init__.py").exists())
        or (path.suffix == ".py" and not path.name.startswith("__"))
    }
    assert there - set(tree_of(README.read_text(encoding="utf-8"))) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_local_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img[^>]+src="([^"]+)"', text)
    local = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_a_heading_find_it(page: Path) -> None:
    def anchors(target: Path) -> set[str]:
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}

    links = re.findall(r"\]\(([^)\s:]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    broken = [
        f"{file}#{anchor}"
        for file, anchor in links
        if anchor not in anchors(page.parent / file if file else page)
    ]
    assert broken == []


EXAMPLES = [
    pytest.param(code, id=f"{page.name}-{number}")
    for page in PAGES
    for number, code in enumerate(
        re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.M)
    )
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_python_examples_run_and_print_something(
    code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if "maskwatch.supervision" in code:
        found = importlib.util.find_spec("supervision") is not None
        need("supervision", found, "it comes with the extra [supervision]")
    monkeypatch.chdir(ROOT)
    exec(compile(code, "example", "exec"), {})  # noqa: S102 - our own documentation
    assert capsys.readouterr().out.strip()


def tracked_texts() -> list[tuple[str, str]]:
    """Path and content of every text file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    need("a git checkout", listed.returncode == 0, "clone the repository instead of unpacking it")
    texts = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes())[:8192]:
            texts.append((name, content.decode("utf-8", errors="replace")))
    return texts


def test_no_tracked_text_names_a_folder_of_one_machine() -> None:
    # Written so that this file does not match itself.
    machine_path = re.compile(r"(?<![\w.*-])/(?:work|root|tmp)/")
    found = [
        f"{name}: {match.group()}"
        for name, text in tracked_texts()
        for match in machine_path.finditer(text)
    ]
    assert found == []


def test_no_tracked_text_says_where_packages_are_fetched_from() -> None:
    setting = re.compile(r"\b(?:index[-_]url|find[-_]links)\b", re.IGNORECASE)
    here = Path(__file__).relative_to(ROOT).as_posix()
    found = [
        f"{name}: {match.group()}"
        for name, text in tracked_texts()
        if name != here
        for match in setting.finditer(text)
    ]
    assert found == []


def test_files_that_tools_read_name_only_public_hosts() -> None:
    public = {"github.com", "pypi.org", "files.pythonhosted.org"}
    for_tools = re.compile(r"(Makefile|^scripts/[\w-]+|^\.ci/.*|\.(toml|lock|cfg|ini|ya?ml))$")
    found = [
        f"{name}: {host}"
        for name, text in tracked_texts()
        if for_tools.search(name)
        for host in re.findall(r"https?://([\w.-]+)", text)
        if host not in public
        and not host.endswith(".example.org")  # reserved for documentation by RFC 2606
    ]
    assert found == []
