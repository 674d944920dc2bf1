"""Whether a request comes from our own pages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from maskwatch.config.web import WebConfig


def is_own_origin(config: WebConfig, headers: Mapping[str, str]) -> bool:
    """Whether a browser sent this from one of our pages.

    A request without ``Origin`` passes: browsers send it with everything that another site could
    make them do. ``null`` comes from pages without an origin and is foreign.
    """
    origin = headers.get("origin")
    if origin is None:
        return True
    if config.base_url is not None and origin == config.base_url:
        return True
    return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc == headers.get("host")
