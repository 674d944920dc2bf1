"""What the environment says: ``MASKWATCH_STORAGE__FOLDER=...`` sets ``storage.folder``.

The prefix, then the keys with two underscores between them. Capitals make no difference, and in
names of cameras and channels an underscore also stands for a space, a dot or a hyphen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from maskwatch.config.problems import key_text
from maskwatch.errors import ConfigProblem

PREFIX = "MASKWATCH_"
DELIMITER = "__"

OTHER_VARIABLES = frozenset(
    {
        # Names the file (`maskwatch.cli.config_file`).
        "MASKWATCH_CONFIG",
        # A program of a channel is given these, and may call `maskwatch`.
        "MASKWATCH_ADVICE",
        "MASKWATCH_CAMERA",
        "MASKWATCH_KIND",
        "MASKWATCH_TITLE",
        # Of the tests and scripts of this project.
        "MASKWATCH_REQUIRE_ALL",
        "MASKWATCH_SHARED",
        "MASKWATCH_SOAK_HOURS",
        "MASKWATCH_TRAIN",
    }
)
"""Variables that begin like those of the configuration, and are none."""

# Kubernetes tells every container of its services: of one called "maskwatch" in these words, see
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_OF_KUBERNETES = re.compile(
    r"MASKWATCH_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_[A-Z]+(_(PROTO|PORT|ADDR))?)"
)


def unknown_variables(
    environment: Mapping[str, str], config: type[BaseModel]
) -> list[ConfigProblem]:
    """Variables that would silently do nothing, because no section is called like that."""
    sections = [name.upper() for name in config.model_fields]
    unknown = []
    for name, value in sorted(environment.items()):
        called = name.upper()
        if not called.startswith(PREFIX) or _is_for_others(called, value):
            continue
        section = called.removeprefix(PREFIX).partition(DELIMITER)[0]
        if section in sections:
            continue
        meant = next(_keys_meant(config, called.removeprefix(PREFIX)), None)
        if meant is None:
            reason = f"there is no section {section.lower()!r} and no such variable"
        else:
            wanted = PREFIX + DELIMITER.join(meant).upper()
            reason = f"keys have two underscores between them: {wanted} sets {key_text(meant)}"
        unknown.append(ConfigProblem(name, None, reason))
    return unknown


def put_over(
    values: Mapping[Any, Any], overrides: Mapping[str, Any], path: tuple[str, ...] = ()
) -> tuple[dict[Any, Any], list[ConfigProblem]]:
    """The values with those of the environment in their place, and names that may mean several.

    Args:
        values: of the file.
        overrides: of the environment; keys are in small letters.
        path: of both within the configuration.
    """
    merged, problems = dict(values), []
    for name, value in overrides.items():
        found = [key for key in values if _plain(str(key)) == _plain(name)]
        if len(found) > 1:
            names = " or ".join(repr(str(key)) for key in found)
            reason = f"in the environment this may mean {names}"
            problems.append(ConfigProblem(key_text((*path, name)), None, reason))
            continue
        key = found[0] if found else name
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key], inner = put_over(merged[key], value, (*path, str(key)))
            problems += inner
        else:
            merged[key] = value
    return merged, problems


def variable_of(
    path: Sequence[str | int], overrides: Mapping[str, Any], environment: Iterable[str]
) -> str | None:
    """The variable that a value came from; None if it stands in the file, or nowhere.

    Args:
        path: of the value within the configuration.
        overrides: as for `put_over`.
        environment: names of variables.
    """
    walked: list[str] = []
    inner: Any = overrides
    for part in path:
        if not isinstance(inner, Mapping):
            break  # within a list that a variable holds
        name = next((key for key in inner if _plain(key) == _plain(str(part))), None)
        if name is None:
            return None
        walked.append(name)
        inner = inner[name]
    # A section may have a variable of its own, which holds it as JSON.
    known = {name.upper() for name in environment}
    names = (PREFIX + DELIMITER.join(walked[:n]).upper() for n in range(len(walked), 0, -1))
    return next((name for name in names if name in known), None)


def _is_for_others(name: str, value: str) -> bool:
    if name in OTHER_VARIABLES or _OF_KUBERNETES.fullmatch(name):
        return True
    # Theirs are addresses: "MASKWATCH_PORT=8080" is somebody's who wanted "MASKWATCH_WEB__PORT".
    return name.endswith("_PORT") and "://" in value


def _keys_meant(section: type[BaseModel], words: str) -> Iterator[tuple[str, ...]]:
    """Keys that a name means if every underscore in it may stand between two keys."""
    words = words.replace(DELIMITER, "_").strip("_")
    for name, field in section.model_fields.items():
        if words == name.upper():
            yield (name,)
        inner, rest = field.annotation, words.removeprefix(f"{name.upper()}_")
        if rest != words and isinstance(inner, type) and issubclass(inner, BaseModel):
            for keys in _keys_meant(inner, rest):
                yield name, *keys


def _plain(name: str) -> str:
    return re.sub(r"[ .-]", "_", name).casefold()
