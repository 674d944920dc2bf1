"""Recipes: one TOML file with every number behind a run."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from maskwatch.errors import UsageError
from maskwatch_train.errors import DataError, reading

Recipe = TypeVar("Recipe")


def read_recipe(path: Path, kind: type[Recipe], changes: Sequence[str] = ()) -> Recipe:
    """Reads a recipe into its frozen dataclass; keys that are missing keep their default.

    A table becomes the dataclass that the default of its key is, a list a tuple.

    Args:
        path: the file.
        kind: the dataclass.
        changes: lines of TOML that count instead of those of the file (``table.key = value``).

    Raises:
        DataError: the file is missing or not TOML, or a key, its type or its value is not one of
            the recipe's.
    """
    try:
        with reading(path):
            values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no TOML, or no UTF-8
        raise DataError(path, f"not TOML: {error}") from error
    for change in changes:
        try:
            values = _merged(values, tomllib.loads(change))
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"--set {change!r}: not KEY=VALUE as in TOML ({error})") from error
    return _built(path, "", values, kind)


def _merged(values: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in changed.items():
        inner = values.get(key, {})
        nested = isinstance(inner, dict) and isinstance(value, dict)
        merged[key] = _merged(inner, value) if nested else value
    return merged


def _built(path: Path, table: str, values: dict[str, Any], kind: type[Recipe]) -> Recipe:
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    read: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise DataError(path, f"unknown key {table + key!r}, expected one of {sorted(known)}")
        read[key] = _value(path, table + key, value, known[key].default)
    try:
        return kind(**read)
    except ValueError as error:
        raise DataError(path, f"{table}{error}") from error


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


def require_range(recipe: object, keys: Iterable[str], low: float, high: float = math.inf) -> None:
    """Raises ValueError, which begins with the key, unless the values are finite and in a range.

    Args:
        recipe: holds the keys.
        keys: those that are looked at.
        low: the least value that is allowed.
        high: the largest.
    """
    wanted = f"at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
    for key in keys:
        value = getattr(recipe, key)
        if not low <= value <= high or math.isinf(value):
            raise ValueError(f"{key} must be {wanted}, got {value!r}")


def require_multiple(recipe: object, key: str, step: int) -> None:
    """Raises ValueError, which begins with the key, unless its value is ``step`` times 1, 2, ..."""
    value = getattr(recipe, key)
    if value < step or value % step:
        raise ValueError(f"{key} must be a multiple of {step}, got {value!r}")


def require_known(recipe: object, key: str, known: Collection[str]) -> None:
    """Raises ValueError, which begins with the key, unless its value is one of the known names."""
    value = getattr(recipe, key)
    if value not in known:
        raise ValueError(f"{key} must be one of {', '.join(known)}, got {value!r}")


def first_difference(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> tuple[str, Any, Any] | None:
    """The first key in which two tables with the same keys differ, and its values, or None.

    Keys of inner tables are ``table.key``.
    """
    for key, before in one.items():
        after = other[key]
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            if inner := first_difference(before, after):
                return f"{key}.{inner[0]}", *inner[1:]
        elif before != after:
            return key, before, after
    return None


def refuse_another(out: Path, begun: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Lets a run that was stopped only go on as it was begun.

    Args:
        out: its folder, for the message.
        begun: the settings that it was begun with.
        asked: those that it shall go on with.

    Raises:
        UsageError: they differ; names the first key that does.
    """
    if differs := first_difference(begun, asked):
        key, before, now = differs
        raise UsageError(
            f"{out}: its run was begun with {key} = {before!r}, and is asked to go on with "
            f"{now!r}: choose another folder, or go on as it was begun"
        )
