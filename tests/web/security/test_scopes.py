"""What roles may."""

from __future__ import annotations

from maskwatch.store.records import Role
from maskwatch.web.security.scopes import SCOPES_OF_ROLE
from maskwatch.web.security.scopes import Scope as Permission


def test_roles_build_on_each_other() -> None:
    viewer, reviewer, admin = (SCOPES_OF_ROLE[role] for role in Role)
    assert viewer < reviewer < admin == frozenset(Permission)
