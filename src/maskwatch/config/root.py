"""The whole configuration: a YAML file, overridden by the environment, checked in one go.

``MASKWATCH_STORAGE__FOLDER=/var/lib/maskwatch`` sets ``storage.folder``: see
`maskwatch.config.environment`. A section or a list can be given as JSON.
"""

from __future__ import annotations

import os
import re
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from maskwatch.config.alerts import AlertsConfig
from maskwatch.config.base import Section
from maskwatch.config.cameras import Cameras
from maskwatch.config.environment import DELIMITER, PREFIX, put_over, unknown_variables, variable_of
from maskwatch.config.inference import InferenceConfig
from maskwatch.config.privacy import PrivacyConfig
from maskwatch.config.problems import key_text, problems_of
from maskwatch.config.secrets import KeyPath, resolve_secrets
from maskwatch.config.site import SiteConfig
from maskwatch.config.storage import StorageConfig
from maskwatch.config.web import WebConfig
from maskwatch.config.yaml import line_of, read_yaml
from maskwatch.errors import ConfigError, ConfigProblem
from maskwatch.reasons import system_reason

_NAMES_WHAT_IT_READ = re.compile("found undefined|could not determine a constructor")
"""Mistakes of which PyYAML quotes the text: a password that begins with ``*`` or ``!``."""


class Config(Section):
    """Everything that `maskwatch serve` is told."""

    site: SiteConfig = SiteConfig()
    """Where this is."""
    cameras: Cameras = Field(default={})
    """By a name of your choice; the dashboard can add more."""
    inference: InferenceConfig = InferenceConfig()
    """Which models, and how they run."""
    alerts: AlertsConfig = AlertsConfig()
    """Who is told what, how, and how often."""
    privacy: PrivacyConfig = PrivacyConfig()
    """Which pictures may exist at all."""
    storage: StorageConfig = StorageConfig()
    """Where things are kept, and for how long."""
    web: WebConfig = WebConfig()
    """The dashboard and the REST API."""


class _Variables(Config, BaseSettings):
    """What the environment is asked for; nobody makes one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER)


def load_config(path: Path | None) -> Config:
    """Reads the configuration.

    Args:
        path: the YAML file; None for defaults and environment only.

    Raises:
        ConfigError: the file cannot be read, or something in it or in the environment is wrong;
            names everything that is.
    """
    text = "" if path is None else _text(path)
    return parse_config(text, "environment" if path is None else str(path))


def parse_config(text: str, source: str) -> Config:
    """The configuration of a YAML text and the environment.

    Args:
        text: YAML; may be empty.
        source: what to call it in messages.

    Raises:
        ConfigError: see `load_config`.
    """
    unknown = unknown_variables(os.environ, Config)
    overrides = _overrides(source)
    values, unclear = put_over(_mapping(text, source), overrides)
    resolved = resolve_secrets(values, os.environ)

    def problem(path: KeyPath, value: str | None, reason: str) -> ConfigProblem:
        if variable := variable_of(path, overrides, os.environ):
            return ConfigProblem(variable, value, reason)
        return ConfigProblem(key_text(path), value, reason, line_of(text, path))

    missing = [problem(each.key, each.reference, each.reason) for each in resolved.missing]
    if problems := [*missing, *unknown, *unclear]:
        raise ConfigError(source, problems)
    try:
        return Config.model_validate(resolved.values, context=resolved.shown)
    except ValidationError as error:
        wrong = [problem(*each) for each in problems_of(error, resolved)]
        raise ConfigError(source, wrong) from None  # pydantic's error holds the input


def _overrides(source: str) -> dict[str, Any]:
    """What the environment says, JSON in it read."""
    try:
        return EnvSettingsSource(_Variables)()
    except SettingsError as error:  # names the section and neither the variable nor what it holds
        raise ConfigError(source, [_no_json(error)]) from None


def _no_json(error: SettingsError) -> ConfigProblem:
    """Which variable should hold a list or a section, and does not."""
    if not isinstance(error.__cause__, JSONDecodeError):
        return ConfigProblem("environment", None, str(error))
    read = error.__cause__.doc
    named = (key for key, value in os.environ.items() if value == read)
    names = sorted(key for key in named if key.upper().startswith(PREFIX))
    reason = 'must be JSON: ["first", "second"] for a list, {"key": "value"} for a section'
    return ConfigProblem(" or ".join(names) or "environment", None, reason)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        problem = ConfigProblem("", None, system_reason(error))
        raise ConfigError(str(path), [problem]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [ConfigProblem("", None, "not UTF-8 text")]) from error


def _mapping(text: str, source: str) -> dict[str, Any]:
    try:
        values = read_yaml(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        why = error.problem
        if _NAMES_WHAT_IT_READ.match(why or ""):
            why = "a text that begins with ! or * needs quotes; only tags of YAML 1.2 are known"
        problem = ConfigProblem("", None, f"not YAML: {why}", line)
        raise ConfigError(source, [problem]) from None  # its message quotes the line
    except yaml.YAMLError as error:
        raise ConfigError(source, [ConfigProblem("", None, f"not YAML: {error}")]) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        reason = f"must be keys with values, not {type(values).__name__}"
        raise ConfigError(source, [ConfigProblem("", None, reason)])
    return {str(key): value for key, value in values.items()}


def config_schema() -> dict[str, Any]:
    """The JSON schema of the YAML file (draft 2020-12), for editors."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
