"""Writes docs/configuration-keys.md: every key of the service's configuration, from the code.

Run it after changing a section: ``PYTHONPATH=src python scripts/config_reference.py``. A test
compares the page with what this makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from maskwatch.config.root import Config

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration-keys.md"

HEAD = """# Configuration: every key

Made by `scripts/config_reference.py` from the sections in `src/maskwatch/config`. How the file is
read, and where secrets come from, is in [configuration.md](configuration.md). `NAME` stands for a
name of your choice, `[]` for each element of a list. Keys whose name ends in `_s` are in seconds.
"""


class Row(NamedTuple):
    """A line of a table."""

    key: str
    default: str
    allowed: str
    meaning: str


class _Known:
    """What has been told so far, so that nothing is told twice."""

    def __init__(self) -> None:
        self.places: dict[type[BaseModel], str] = {}
        self.kinds: list[tuple[type[BaseModel], str]] = []
        """Alternatives, told apart by ``kind``: each gets a table of its own."""


def reference() -> str:
    """The whole page."""
    known = _Known()
    parts = [HEAD]
    for name, field in Config.model_fields.items():
        parts.append(f"\n## `{name}`\n\n{_meaning(field)}\n")
        parts += _table(_below(name, field, known))
        for model, place in known.kinds:
            kind = model.model_fields["kind"].default
            parts.append(f"\n### `{place}` of `kind: {kind}`\n\n{_about(model)}\n")
            parts += _table(_rows(model, place, known))
        known.kinds.clear()
    return "".join(parts)


def _table(rows: Iterable[Row]) -> Iterator[str]:
    yield "\n| key | default | allowed | meaning |\n| --- | --- | --- | --- |\n"
    for key, default, allowed, meaning in rows:
        yield f"| `{key}` | {default} | {allowed} | {meaning} |\n"


def _rows(model: type[BaseModel], prefix: str, known: _Known) -> Iterator[Row]:
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        key = f"{prefix}.{name}"
        below = list(_below(key, field, known))
        holds_sections = any(_sections(field.annotation))
        default, meaning = "" if holds_sections else _default(field), _meaning(field)
        if below and below[0].key == key:
            meaning = f"{meaning} It has {below.pop(0).meaning}."
        allowed = _allowed(schema["properties"][name], schema.get("$defs", {}))
        yield Row(key, default, allowed, meaning)
        yield from below


def _below(key: str, field: FieldInfo, known: _Known) -> Iterator[Row]:
    """The keys inside a key, where its value is a section or holds some."""
    for model, suffix in _sections(field.annotation):
        place = key + suffix
        if "kind" in model.model_fields:
            known.kinds.append((model, place))
        elif model in known.places:
            yield Row(place, "", "", f"the keys of `{known.places[model]}`")
        else:
            known.places[model] = place
            yield from _rows(model, place, known)


def _about(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").splitlines()[0]


def _sections(annotation: Any, suffix: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, suffix
        return
    origin = get_origin(annotation)
    if origin is dict:
        suffix += ".NAME"
    elif origin in (tuple, list):
        suffix += "[]"
    for argument in get_args(annotation):
        yield from _sections(argument, suffix)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "*needed*"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value is PydanticUndefined or value in ((), "", {}):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{_word(each)}`" for each in value)
    return f"`{_word(value)}`"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _allowed(schema: Any, definitions: Any) -> str:
    """The choices and limits that a JSON schema states, in words; empty for none.

    https://json-schema.org/draft/2020-12/json-schema-validation
    """
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]] | schema
    if schema.get("type") == "object" or "prefixItems" in schema:
        return ""  # a section has rows of its own, and what a point is its meaning says
    said = [f"`{choice}`" for choice in schema.get("enum", ())]
    for limits, unit in _LIMITS:
        said += filter(None, [_limited(schema, *limits, unit)])
    said += [_allowed(each, definitions) for each in schema.get("anyOf", ())]
    if "items" in schema and (each := _allowed(schema["items"], definitions)):
        said.append(f"each {each}")
    return ", ".join(filter(None, said))


_LIMITS = (
    (("minimum", "maximum"), ""),
    (("minLength", "maxLength"), " characters"),
    (("minItems", "maxItems"), " of them"),
)


def _limited(schema: Any, least: str, most: str, unit: str) -> str:
    """Such as "1 to 64"; empty without limits."""
    low, high, above = schema.get(least), schema.get(most), schema.get("exclusiveMinimum")
    if unit == "" and above is not None:
        return f"above {above:g}" + ("" if high is None else f", at most {_number(high)}")
    if low is None and high is None:
        return ""
    if high is None and low == 1:
        return "not empty" if unit else "at least 1"
    if high is None:
        return f"at least {_number(low)}{unit}"
    if low is None:
        return f"at most {_number(high)}{unit}"
    return f"{_number(low)}{unit}" if low == high else f"{_number(low)} to {_number(high)}{unit}"


def _number(value: float) -> str:
    return f"{value:.10g}"


def _meaning(field: FieldInfo) -> str:
    return " ".join((field.description or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
