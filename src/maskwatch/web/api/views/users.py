"""Users, logins and tokens, as the REST API takes them in and gives them out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from maskwatch.store.records import Role
from maskwatch.web.api.views.base import Body, Text, View
from maskwatch.web.identity import Principal
from maskwatch.web.security.names import NAME_PATTERN
from maskwatch.web.security.scopes import Scope
from maskwatch.words import Language

UserName = Annotated[Text, Field(pattern=NAME_PATTERN, examples=["anna"])]
Password = Annotated[Text, Field(max_length=1024, examples=["correct horse battery"])]


class UserView(View):
    """Somebody who may log in."""

    id: str
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None
    language: str


class NewUser(Body):
    """A user to add."""

    name: UserName
    password: Password
    role: Role = Role.VIEWER


class UserChanges(Body):
    """What to change; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None
    password: Password | None = None


class MeView(View):
    """Who is asking."""

    name: str
    role: Role
    language: str
    scopes: Sequence[Scope]
    csrf: str | None
    """For the header `X-CSRF-Token`; null for a token, which needs none."""

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Of whoever asks."""
        user = principal.user
        return cls(
            name=user.name,
            role=user.role,
            language=user.language,
            scopes=sorted(principal.scopes),
            csrf=principal.csrf,
        )


class MyChanges(Body):
    """What to change of oneself."""

    language: Language | None = None
    current_password: Password | None = None
    new_password: Password | None = None


class Credentials(Body):
    """To log in."""

    name: Annotated[Text, Field(max_length=64, examples=["anna"])]
    password: Password


class FirstUser(Body):
    """The first administrator."""

    secret: Annotated[Text, Field(max_length=200)]
    """From the set-up link."""
    name: UserName
    password: Password


class NewApiToken(Body):
    """A token to make."""

    name: Annotated[Text, Field(min_length=1, max_length=64, examples=["home assistant"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_at: AwareDatetime | None = None


class ApiTokenView(View):
    """A token, without its secret."""

    id: str
    name: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewApiTokenView(View):
    """A token that has just been made."""

    token: str
    """Shown this once."""
    record: ApiTokenView
