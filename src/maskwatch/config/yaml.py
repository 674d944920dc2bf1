"""YAML as people mean it: version 1.2 scalars, no duplicate keys, and lines for error messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import yaml

_DEEPEST = 100
_MOST_DIGITS = 100


class _Loader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1, in which ``12:30`` is 750 and ``no`` is False; this one does not."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next part of the document; those within it are made by calling this again."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"more than {_DEEPEST} levels deep",
                problem_mark=self.peek_event().start_mark,  # type: ignore[no-untyped-call]
            )
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


# The core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).
_Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
]:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


def _whole_number(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    if len(text) > _MOST_DIGITS:
        raise _mistake(f"a number of more than {_MOST_DIGITS} digits", node)
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    # "\0" and "\ud800": no file, server or database can be called by such a name.
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise _mistake("a text with a character that stands for nothing", node)
    return text


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _mistake("a key must be a word; is this a template that nobody filled in?", key)
        if key.value in seen:
            raise _mistake(f"the key {key.value!r} stands here and in line {seen[key.value]}", key)
        seen[key.value] = key.start_mark.line + 1
    return loader.construct_mapping(node, deep=True)


def _as_tagged(construct: Callable[[_Loader, Any], Any]) -> Callable[[_Loader, Any], Any]:
    """The same for nodes that somebody put a tag on: ``!!int abc`` is a mistake of theirs."""

    def constructed(loader: _Loader, node: yaml.Node) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, KeyError) as error:
            raise _mistake(f"this is no {node.tag.rpartition(':')[2]}", node) from error

    return constructed


def _mistake(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


# Of the core schema alone: YAML 1.1 knows more, such as sets and times.
_Loader.yaml_constructors = {
    "tag:yaml.org,2002:null": yaml.SafeLoader.construct_yaml_null,
    "tag:yaml.org,2002:bool": _as_tagged(yaml.SafeLoader.construct_yaml_bool),
    "tag:yaml.org,2002:int": _as_tagged(_whole_number),
    "tag:yaml.org,2002:float": _as_tagged(yaml.SafeLoader.construct_yaml_float),
    "tag:yaml.org,2002:str": _text,
    "tag:yaml.org,2002:seq": yaml.SafeLoader.construct_yaml_seq,
    "tag:yaml.org,2002:map": _mapping,
    None: yaml.SafeLoader.construct_undefined,
}


class _Dumper(yaml.SafeDumper):
    """Quotes text that would be something else in YAML 1.2, or for other programs in 1.1."""


_Dumper.yaml_implicit_resolvers = {
    first: [
        *yaml.SafeDumper.yaml_implicit_resolvers.get(first, []),
        *_Loader.yaml_implicit_resolvers.get(first, []),
    ]
    for first in {**yaml.SafeDumper.yaml_implicit_resolvers, **_Loader.yaml_implicit_resolvers}
}


def read_yaml(text: str) -> Any:
    """The value of a YAML document; None for an empty one.

    Raises:
        yaml.YAMLError: it is none, or a key stands twice in one mapping. Nothing else.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of SafeLoader


def write_yaml(values: Any) -> str:
    """YAML of plain values, in their order; short lists stay on one line."""
    return str(
        yaml.dump(
            values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None
        )
    )


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line, from 1, of the deepest part of ``path`` that the document has."""
    node = yaml.compose(text, Loader=_Loader)
    line = None
    for part in path:
        found = _child(node, part)
        if found is None:
            break
        line, node = found
    return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None
