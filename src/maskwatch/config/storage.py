"""The section ``storage``: where things are kept, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from maskwatch.config.base import Days, Section

Gigabytes = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


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
    """`sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`. Empty for `maskwatch.db` in
    `folder`."""
    folder: Path = Path("maskwatch-data")
    """For the photos, and for the database unless `url` says otherwise."""
    min_free_gb: Gigabytes = 1
    """When the disk has less room than this, the oldest photos are deleted."""
    retention: RetentionConfig = RetentionConfig()
    """How long things are kept."""

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: SecretStr) -> SecretStr:
        scheme = url.get_secret_value().partition(":")[0]
        if scheme not in ("", "sqlite", "postgresql"):
            raise ValueError("must start with sqlite:/// or postgresql://")
        return url

    @property
    def snapshots(self) -> Path:
        """The folder of the photos."""
        return self.folder / "snapshots"

    @property
    def database_url(self) -> str:
        """The URL in full, password included."""
        return self.url.get_secret_value() or f"sqlite:///{self.folder / 'maskwatch.db'}"
