"""The section ``storage``: where things are kept, and for how long."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import Field, SecretStr, field_validator

from maskwatch.config.base import Days, FilePath, Section, at_home, host_name

Gigabytes = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


# As SQLAlchemy takes addresses apart: a password may hold anything but "@".
_POSTGRES = re.compile(
    r"postgresql://([^:/]+(:[^@]*)?@)(\[[^\]/?]+\]|(?P<host>[^/:?\[\]]*))"
    r"(:(?P<port>[^/?]*))?(/[^?]*)?(\?(?P<options>.*))?",
    re.DOTALL,
)
_OPTIONS = ("sslmode", "sslrootcert", "unix_sock")


class SslMode(StrEnum):
    """What `sslmode` in the address of a PostgreSQL server asks for, as its own programs have it.

    See https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
    """

    DISABLE = "disable"
    """Everything is sent in clear."""
    ALLOW = "allow"
    """Here the same as ``prefer``."""
    PREFER = "prefer"
    """TLS if the server has it: the default."""
    REQUIRE = "require"
    """TLS, with whoever answers; as ``verify-ca`` if there is an ``sslrootcert``."""
    VERIFY_CA = "verify-ca"
    """TLS, and the certificate must be one of an authority that is trusted."""
    VERIFY_FULL = "verify-full"
    """The same, and it must be the host's."""


def check_database_address(text: str) -> None:
    """Raises ValueError, without any part of the address, when no database can be there."""
    kind = text.partition(":")[0]
    if kind == "sqlite":
        if not text.startswith("sqlite:///"):
            raise ValueError("must name a file: sqlite:///PATH")
        return
    if kind != "postgresql":
        raise ValueError("must start with sqlite:/// or postgresql://")
    parts = _POSTGRES.fullmatch(text)
    if parts is None:
        raise ValueError("must look like postgresql://USER:PASSWORD@HOST/NAME")
    host = parts["host"] or ""
    if "@" in host:
        raise ValueError("must have %40 in place of each @ in the password")
    host_name(host)
    port = parts["port"]
    if port and not (re.fullmatch("[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        raise ValueError("must have a port from 1 to 65535")
    options = parse_qsl(parts["options"] or "", keep_blank_values=True)
    given = [key for key, _ in options]
    if not set(given) <= set(_OPTIONS) or len(set(given)) < len(given):
        raise ValueError(f"may have the options {', '.join(_OPTIONS)}, each once, and no others")
    if dict(options).get("sslmode", SslMode.PREFER) not in list(SslMode):
        raise ValueError(f"sslmode must be one of {', '.join(SslMode)}")


class RetentionConfig(Section):
    """How long each kind of thing is kept; whatever comes first counts."""

    episodes_days: Days = 90
    """Episodes with their timeline, deliveries and photos."""
    photos_days: Days = 30
    """Photos of episodes."""
    review_photos_days: Days = 90
    """Photos that wait for a label, or were given one."""
    people_days: Days = 400
    """The rows (without picture) that the compliance rate is made from."""
    readings_days: Days = 400
    """Readings summed up per minute."""
    health_days: Days = 90
    """Changes in the health of cameras."""
    photos_gb: Gigabytes = 10
    """All photos together; the oldest go first."""


class StorageConfig(Section):
    """Database, photos, retention."""

    url: SecretStr = SecretStr("")
    """`sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`, with `?sslmode=…` and
    `sslrootcert=FILE` as PostgreSQL's own programs take them. Empty for `maskwatch.db` in
    `folder`."""
    folder: FilePath = Path("maskwatch-data")
    """For the photos, and for the database unless `url` says otherwise."""
    min_free_gb: Gigabytes = 1
    """When the disk has less room than this, the oldest photos are deleted."""
    retention: RetentionConfig = RetentionConfig()
    """How long things are kept."""

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        if text:
            check_database_address(text)
        kind = "sqlite:///"
        if text.startswith(f"{kind}~"):
            return SecretStr(f"{kind}{at_home(Path(text.removeprefix(kind)))}")
        return url

    @property
    def snapshots(self) -> Path:
        """The folder of the photos."""
        return self.folder / "snapshots"

    @property
    def database_url(self) -> str:
        """The URL in full, password included."""
        return self.url.get_secret_value() or f"sqlite:///{self.folder / 'maskwatch.db'}"
