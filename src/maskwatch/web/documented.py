"""Values that the REST API gives out as they are, described by their docstrings."""

from __future__ import annotations

from pydantic import ConfigDict

AS_DOCUMENTED = ConfigDict(use_attribute_docstrings=True)
"""For ``__pydantic_config__`` of a dataclass."""
