"""Configurations to examine, and what lies in their folder."""

from __future__ import annotations

from pathlib import Path

from maskwatch.config.root import Config, parse_config


def config(text: str, folder: Path) -> Config:
    return parse_config(f"storage: {{folder: {folder}, min_free_gb: 0}}\n{text}", "test.yaml")


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}
