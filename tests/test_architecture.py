"""Who may import whom: the table of the layers, checked by reading the imports.

A unit is a folder or a file directly under ``src/maskwatch``; a stage's ``base.py`` (its seam) is a
unit of its own, because the pure units may know the seams and nothing else of a stage. The units of
``src/maskwatch_train`` have a table of their own, of what they may import from each other.
"""

from __future__ import annotations

import ast
import graphlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

SRC = Path(__file__).resolve().parent.parent / "src"

VALUES = {"types", "errors", "reasons", "geometry", "delays", "authorities", "spreadsheets"}
SEAMS = {"frames.base", "faces.base", "masks.base", "outputs.base"}
PURE = (
    VALUES
    | SEAMS
    | {"masks.refine", "tracks", "events", "metrics", "advice", "palette", "words", "pipeline"}
)
STAGES = PURE | {"frames", "faces", "masks", "models", "draw"}
RUNTIME = {"runtime", "runtime.live", "runtime.runs", "runtime.monitoring"}
ANYTHING = STAGES | {
    *RUNTIME,
    *("outputs", "config", "config.base", "store", "alerts", "alerts.base", "web"),
    *("cores", "patience", "interrupts", "build", "doctor", "api", "supervision", "cli"),
    "maskwatch",
}

WEB_BASE = {
    *("web.documented", "web.text", "web.refusals", "web.feed", "web.offers", "web.streams"),
    *("web.turns", "web.problem"),
}
"""Of the dashboard, what knows neither permissions nor pages."""
WEB_ACTIONS = WEB_BASE | {
    *("web.rates", "web.walks", "web.printing", "web.security", "web.context", "web.identity"),
    "web.actions",
}
"""What is done and below it: pages and the REST API call it."""
WEB = WEB_ACTIONS | {"web.api", "web.plain", "web.gate", "web.pages", "web"}
BELOW_WEB = PURE | {"frames", "models", "config", "store", "alerts", "runtime.monitoring"}


class Layer(NamedTuple):
    """What the code of a unit may import."""

    units: set[str]
    """Of maskwatch, beside itself."""
    packages: set[str]
    """From outside, beside the standard library."""


NUMPY = {"numpy"}
TABLE = {
    **{unit: Layer(PURE - {"pipeline"}, NUMPY) for unit in PURE},
    "frames": Layer(PURE, NUMPY | {"av", "cv2", "PIL", "pi_heif"}),
    "faces": Layer(PURE | {"models"}, NUMPY | {"cv2", "onnxruntime"}),
    "masks": Layer(PURE | {"models"}, NUMPY | {"cv2", "onnxruntime"}),
    "cores": Layer(set(), set()),
    "patience": Layer(set(), set()),
    "interrupts": Layer(set(), set()),
    "models": Layer(PURE | {"cores"}, NUMPY | {"onnxruntime"}),
    "draw": Layer(PURE, NUMPY | {"cv2", "PIL"}),
    "testing": Layer(PURE | {"alerts.base"}, NUMPY),
    "supervision": Layer(PURE, NUMPY | {"supervision"}),
    "outputs": Layer(PURE | {"draw"}, NUMPY | {"av", "cv2", "PIL", "rich"}),
    "config.base": Layer(set(), {"pydantic"}),
    "config": Layer(PURE | {"cores", "frames"}, {"pydantic", "pydantic_settings", "yaml"}),
    "store": Layer(PURE | {"config"}, {"sqlalchemy", "alembic", "pg8000"}),
    "alerts": Layer(
        PURE | {"patience", "config", "store"}, {"apprise", "httpx", "jinja2", "paho", "pydantic"}
    ),
    "alerts.base": Layer(VALUES | {"store", "words"}, set()),
    "runtime": Layer(STAGES, NUMPY),
    "runtime.live": Layer(PURE | {"frames", "runtime"}, NUMPY),
    "runtime.runs": Layer(
        STAGES | {"cores", "outputs", "runtime", "runtime.live"},
        NUMPY,
    ),
    "runtime.monitoring": Layer(
        STAGES
        | {"patience", "outputs", "config", "store", "alerts", "alerts.base"}
        | {"runtime", "runtime.live"},
        NUMPY,
    ),
    **{
        unit: Layer(
            PURE | WEB_BASE | {"store", "runtime.monitoring"}, {"starlette", "anyio", "pydantic"}
        )
        for unit in WEB_BASE
    },
    "web.rates": Layer(PURE | WEB_BASE | {"store"}, set()),
    "web.walks": Layer(PURE | WEB_BASE | {"runtime.monitoring"}, set()),
    "web.printing": Layer(PURE | WEB_BASE | {"store", "web.rates", "web.walks"}, {"PIL"}),
    "web.security": Layer(
        PURE | WEB_BASE | {"frames", "config", "store"}, {"argon2", "starlette", "uvicorn"}
    ),
    "web.context": Layer(
        PURE
        | WEB_BASE
        | {"patience", "config", "store", "runtime.monitoring", "web.walks", "web.security"},
        set(),
    ),
    "web.identity": Layer(PURE | WEB_BASE | {"store", "web.security", "web.context"}, set()),
    "web.actions": Layer(BELOW_WEB | WEB_ACTIONS, {"pydantic"}),
    "web.api": Layer(BELOW_WEB | WEB_ACTIONS, {"fastapi", "starlette", "anyio", "pydantic"}),
    "web.plain": Layer(BELOW_WEB | WEB_ACTIONS | {"web.api"}, {"fastapi", "starlette"}),
    "web.gate": Layer(PURE | WEB_ACTIONS | {"web.plain"}, {"starlette", "anyio"}),
    "web.pages": Layer(
        BELOW_WEB | WEB_ACTIONS | {"web.plain", "web.gate"},
        {"fastapi", "starlette", "nicegui", "pydantic"},
    ),
    "web": Layer(
        BELOW_WEB | WEB | {"patience"},
        {"fastapi", "starlette", "uvicorn", "prometheus_client", "pydantic", "anyio"},
    ),
    "doctor": Layer(ANYTHING - {"cli", "api"}, NUMPY),
    "build": Layer(ANYTHING - {"cli", "api", "doctor"}, set()),
    "api": Layer(ANYTHING - {"cli"}, NUMPY | {"PIL", "cv2"}),
    "cli": Layer(ANYTHING | {"web.actions"}, NUMPY | {"typer", "click", "rich", "cv2"}),
    "__main__": Layer({"cli"}, set()),
    "maskwatch": Layer({"api", "types", "errors", "pipeline"}, set()),
}
"""The key is the unit that imports; ``maskwatch`` is the package's own ``__init__``."""

FOUNDATIONS = {"errors", "checksum", "pictures"}
BELOW_NETWORKS = FOUNDATIONS | {
    *("weather", "running", "exporting", "backbones", "data", "synthesis"),
}
EVALUATION = {
    *("evaluate", "evaluate.metrics", "evaluate.judging", "evaluate.scoring", "evaluate.pages"),
}
TRAIN_TABLE = {
    "maskwatch_train": set(),
    "errors": set(),
    "weather": set(),
    "checksum": {"errors"},
    "pictures": {"errors", "checksum"},
    "running": {"errors"},
    "exporting": {"errors"},
    "backbones": {"errors", "running"},
    "data": FOUNDATIONS | {"backbones"},
    "synthesis": FOUNDATIONS | {"data"},
    "detector": BELOW_NETWORKS,
    "classifier": BELOW_NETWORKS | {"detector"},  # which shows it where the faces are
    "evaluate": FOUNDATIONS | {"data"},
    "evaluate.metrics": set(),
    "evaluate.judging": FOUNDATIONS | {"exporting", "evaluate"},
    "evaluate.scoring": FOUNDATIONS | {"data", "evaluate", "evaluate.metrics", "evaluate.judging"},
    "evaluate.pages": FOUNDATIONS | {"data", *EVALUATION},
    "release": FOUNDATIONS | {"exporting", "data", *EVALUATION},
    "published": BELOW_NETWORKS | EVALUATION,
    "cli": BELOW_NETWORKS | EVALUATION | {"detector", "classifier", "release", "published"},
    "__main__": {"cli"},
}
"""What each unit of the training kit may import of it, beside itself."""


@dataclass(frozen=True)
class Import:
    file: str
    line: int
    importer: str
    """Unit."""
    target: str
    """Full dotted name."""


def unit_of(module: str) -> str:
    """``maskwatch.frames.video`` -> ``frames``; ``maskwatch.frames.base`` -> ``frames.base``."""
    parts = module.split(".")[1:]
    if not parts:
        return module
    inner = ".".join(parts[:2])
    return inner if parts[1:2] == ["base"] or inner in TABLE | TRAIN_TABLE else parts[0]


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = SRC.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imported_names(node: ast.stmt, module: str, is_package: bool) -> Iterator[str]:
    """Full names of the modules that an import statement loads."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = module.split(".")
            kept = parts[: len(parts) - node.level + is_package]
            base = ".".join([*kept, *([base] if base else [])])
        for alias in node.names:
            name = f"{base}.{alias.name}"
            yield name if is_module(name) else base


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """All statements at any depth, without the blocks that only the type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node = ast.Module(node.orelse, [])
        elif isinstance(node, ast.stmt):
            yield node
        yield from statements(node)


def imports(package: str) -> list[Import]:
    found = []
    for path in sorted((SRC / package).rglob("*.py")):
        module = module_name(path)
        for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
            for target in imported_names(node, module, path.name == "__init__.py"):
                place = str(path.relative_to(SRC))
                found.append(Import(place, node.lineno, unit_of(module), target))
    return found


MASKWATCH = imports("maskwatch")
TRAINING = imports("maskwatch_train")


def told(offenders: list[Import]) -> list[str]:
    return [f"{i.file}:{i.line} ({i.importer}) imports {i.target}" for i in offenders]


def test_every_unit_has_a_place_in_the_table() -> None:
    units = {unit_of(module_name(path)) for path in (SRC / "maskwatch").rglob("*.py")}
    assert units - TABLE.keys() == set()


def test_units_import_only_what_their_layer_allows() -> None:
    def allowed(i: Import) -> bool:
        top = i.target.split(".")[0]
        layer = TABLE[i.importer]
        if top == "maskwatch":
            unit = unit_of(i.target)
            own_stage = i.importer.split(".")[0]
            return unit in {i.importer, *layer.units} or unit == f"{own_stage}.base"
        return top in sys.stdlib_module_names or top in layer.packages

    assert told([i for i in MASKWATCH if not allowed(i)]) == []


def test_maskwatch_never_imports_the_training_kit_or_torch() -> None:
    training = {"maskwatch_train", "torch", "torchvision", "timm", "onnx", "sklearn"}
    assert told([i for i in MASKWATCH if i.target.split(".")[0] in training]) == []


@pytest.mark.parametrize("package", ["maskwatch", "maskwatch_train"])
def test_units_do_not_import_each_other_in_circles(package: str) -> None:
    graph: dict[str, set[str]] = {}
    for i in {"maskwatch": MASKWATCH, "maskwatch_train": TRAINING}[package]:
        target = unit_of(i.target)
        if i.target.split(".")[0] == package and target != i.importer:
            graph.setdefault(i.importer, set()).add(target)
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_pages_and_the_rest_api_reach_the_store_through_actions_only() -> None:
    callers = {"web.api", "web.plain", "web.gate", "web.pages"}
    values = {"maskwatch.store.records"}
    offenders = [
        i
        for i in MASKWATCH
        if i.importer in callers and unit_of(i.target) == "store" and i.target not in values
    ]
    assert told(offenders) == []
    calls = [
        f"{path.relative_to(SRC)}:{node.lineno}"
        for path in sorted((SRC / "maskwatch/web").rglob("*.py"))
        if unit_of(module_name(path)) in callers
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "store"
    ]
    assert calls == []


def test_threads_and_processes_are_started_only_at_the_edges() -> None:
    workers = {"threading", "multiprocessing", "concurrent", "asyncio", "subprocess"}
    edges = {"patience", "frames", "outputs", *RUNTIME, "cli", "alerts", *WEB, "doctor"}
    offenders = [
        i for i in MASKWATCH if i.target.split(".")[0] in workers and i.importer not in edges
    ]
    assert told(offenders) == []


def test_pure_units_read_no_clock() -> None:
    clocks = [i for i in MASKWATCH if i.importer in PURE and i.target.split(".")[0] == "time"]
    assert told(clocks) == []


def test_the_training_kit_reaches_only_what_training_and_running_must_share() -> None:
    offenders = [
        i
        for i in TRAINING
        if i.target.split(".")[0] == "maskwatch" and unit_of(i.target) in {"cli", *RUNTIME}
    ]
    assert told(offenders) == []


def test_every_unit_of_the_training_kit_has_a_place_in_its_table() -> None:
    units = {unit_of(module_name(path)) for path in (SRC / "maskwatch_train").rglob("*.py")}
    assert units == TRAIN_TABLE.keys()


def test_units_of_the_training_kit_import_only_those_below_them() -> None:
    offenders = [
        i
        for i in TRAINING
        if i.target.split(".")[0] == "maskwatch_train"
        and unit_of(i.target) not in {i.importer, *TRAIN_TABLE[i.importer]}
    ]
    assert told(offenders) == []


HEAVY = [
    *("torch", "cv2", "onnxruntime", "av", "PIL", "scipy"),
    *("typer", "rich", "fastapi", "supervision", "maskwatch_train"),
]


def loaded_by(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after ``statement``."""
    report = "import json, sys; print(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    program = f"import sys; sys.path.insert(0, {str(SRC)!r}); {statement}; {report}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_importing_maskwatch_loads_nothing_heavy() -> None:
    loaded = loaded_by("import maskwatch")
    assert "maskwatch" in loaded
    assert loaded & set(HEAVY) == set()


@pytest.mark.parametrize("unit", ["types", "errors", "geometry", "tracks", "events", "metrics"])
def test_the_pure_units_load_nothing_heavy(unit: str) -> None:
    assert loaded_by(f"import maskwatch.{unit}") & set(HEAVY) == set()


def test_what_every_decoder_process_loads_again_is_light() -> None:
    script = tomllib.loads((SRC.parent / "pyproject.toml").read_text())["project"]["scripts"][
        "maskwatch"
    ]
    module, _, function = script.partition(":")
    assert loaded_by(f"from {module} import {function}") & set(HEAVY) == set()


def test_pictures_are_looked_at_without_loading_what_decodes_video() -> None:
    loaded = loaded_by("import maskwatch.cli.main, maskwatch.cli.run_detect")
    assert "cv2" in loaded
    assert loaded & {"av", "multiprocessing"} == set()
