"""Pages without scripts: logging in, the first start, the links of messages, and none at all."""

from __future__ import annotations

from fastapi import APIRouter

from maskwatch.web.plain import files, links, login, setup

router = APIRouter()
for _part in (files, login, setup, links):
    router.include_router(_part.router)
