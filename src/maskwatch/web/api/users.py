"""Users, for administrators."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from maskwatch.web.actions import users
from maskwatch.web.api.access import Caller, Web
from maskwatch.web.api.problems import problems
from maskwatch.web.api.views.base import Id
from maskwatch.web.api.views.users import NewUser, UserChanges, UserView

router = APIRouter(tags=["users"], prefix="/users")


@router.get("")
def list_users(web: Web, principal: Caller) -> Sequence[UserView]:
    """Everybody, by name."""
    return UserView.all(users.list_users(web, principal))


@router.post("", status_code=201, responses=problems(409, 422))
def add_user(web: Web, principal: Caller, body: NewUser) -> UserView:
    """Adds a user."""
    return UserView.of(users.add_user(web, principal, body.name, body.password, body.role))


@router.patch("/{user_id}", responses=problems(404, 422))
def change_user(web: Web, principal: Caller, user_id: Id, body: UserChanges) -> UserView:
    """Changes somebody's role, switches them off or on, or gives them a new password."""
    change = users.UserChange(body.role, body.disabled, body.password)
    return UserView.of(users.change_user(web, principal, user_id, change))
