"""What several routes are asked with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from maskwatch.web.api.views.base import Text

Limit = Annotated[int, Query(ge=1, le=200)]
"""The most records that one page has."""
After = Annotated[Text | None, Query(max_length=200)]
"""The ``next`` of the page before; None for the first one."""
Names = Annotated[list[Text], Query(max_length=100)]
"""Of cameras or zones."""
OneCamera = Annotated[Text | None, Query(max_length=64)]
"""None for all of them, also of those that are gone."""
