"""The option that names the configuration, for all verbs of the service."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwatch.errors import MissingExtra

if TYPE_CHECKING:
    from maskwatch.config.root import Config
    from maskwatch.store.store import Store

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        envvar="MASKWATCH_CONFIG",
        show_default="defaults and environment only",
        help="The configuration, in YAML.",
    ),
]


def need_serve(verb: str) -> None:
    """Says which extra to install unless it is there.

    Raises:
        MissingExtra: it is not.
    """
    for package in ("pydantic_settings", "sqlalchemy", "alembic", "yaml", "nicegui", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(f"maskwatch {verb}", "serve")


def read_config(verb: str, path: Path | None) -> Config:
    """The configuration for a verb.

    Raises:
        MissingExtra: the service is not installed.
        ConfigError: something in it is wrong.
    """
    need_serve(verb)
    from maskwatch.config.root import load_config

    return load_config(path)


def open_store(config: Config) -> Store:
    """The store that a configuration names; only `serve` and `restore` make one.

    Raises:
        StoreError: there is none, or it cannot be opened.
    """
    from maskwatch.store.store import Store

    storage = config.storage
    return Store.open_existing(
        storage.database_url, storage.snapshots, config.privacy.stored_photos
    )


def actor() -> str:
    """Who runs the command, for the audit log."""
    import getpass

    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # a container's user may have no name
        return "cli:unknown"
