"""Recipes: one TOML file with every number behind a run."""

from __future__ import annotations

import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from maskwatch_train.errors import DataError

Recipe = TypeVar("Recipe")


def read_recipe(path: Path, kind: type[Recipe]) -> Recipe:
    """Reads a recipe into its frozen dataclass; keys that are missing keep their default.

    A table becomes the dataclass that the default of its key is, a list a tuple.

    Raises:
        DataError: the file is missing or not TOML, or a key or its type is not the recipe's.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path, error.strerror or "cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(path, f"not TOML: {error}") from error
    return _built(path, "", values, kind)


def _built(path: Path, table: str, values: dict[str, Any], kind: type[Recipe]) -> Recipe:
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    read: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise DataError(path, f"unknown key {table + key!r}, expected one of {sorted(known)}")
        read[key] = _value(path, table + key, value, known[key].default)
    return kind(**read)


def _value(path: Path, key: str, value: Any, default: Any) -> Any:
    wanted = type(default)
    if is_dataclass(default) and isinstance(value, dict):
        return _built(path, f"{key}.", value, wanted)
    if wanted is tuple and isinstance(value, list):
        return tuple(value)
    if type(value) is not wanted and not (wanted is float and type(value) is int):
        name = "a table" if is_dataclass(default) else wanted.__name__
        raise DataError(path, f"{key} must be {name}, got {value!r}")
    return value
