"""How the dashboard's pages get their addresses."""

from __future__ import annotations

from functools import partial

from nicegui import ui

_PATIENCE_S = 60.0
_AWAY_S = 180.0

dashboard_page = partial(ui.page, response_timeout=_PATIENCE_S)
"""`ui.page`, which by itself answers with an error when a page takes three seconds to make: a small
box that is busy with its cameras may need more."""

working_page = partial(dashboard_page, reconnect_timeout=_AWAY_S)
"""A page on which people have something half done, such as a zone: it waits longer for a browser
that lost its connection, as that of a phone with a dark screen. After that it is made anew."""
