"""Recipes: one TOML file with every number behind a run."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from maskwatch_train.errors import DataError

Recipe = TypeVar("Recipe")


def read_recipe(path: Path, kind: type[Recipe]) -> Recipe:
    """Reads a recipe into its frozen dataclass; keys that are missing keep their default.

    Raises:
        DataError: the file is missing or not TOML, or a key or its type is not the recipe's.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path, error.strerror or "cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(path, f"not TOML: {error}") from error
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key, value in values.items():
        if key not in known:
            raise DataError(path, f"unknown key {key!r}, expected one of {sorted(known)}")
        wanted = type(known[key].default)
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise DataError(path, f"{key} must be {wanted.__name__}, got {value!r}")
    return kind(**values)
