"""Users, their roles and passwords, and the tokens of their programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from maskwatch.config.web import LoginConfig
from maskwatch.errors import (
    AccessDenied,
    NotLoggedIn,
    RecordExists,
    RecordNotFound,
    Throttled,
    UsageError,
)
from maskwatch.store.ids import new_id
from maskwatch.store.records import ApiTokenRecord, Role, UserRecord
from maskwatch.store.store import Store
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal, new_user
from maskwatch.web.refusals import NotAllowed, Taken, WrongUse
from maskwatch.web.security.passwords import check_password, hash_password, must_be_good
from maskwatch.web.security.scopes import Scope, scopes_of
from maskwatch.web.security.secrets import hash_secret, new_api_token
from maskwatch.web.security.throttle import in_session


def list_users(web: WebContext, principal: Principal) -> Sequence[UserRecord]:
    """Everybody, by name."""
    principal.must_allow(Scope.USERS)
    return web.store.users.all()


def add_user(
    web: WebContext, principal: Principal, name: str, password: str, role: Role
) -> UserRecord:
    """A new user.

    Raises:
        AccessDenied: by a token that may do less than the role.
        UsageError: the name or the password is not good enough.
        RecordExists: somebody is called that already.
    """
    principal.must_allow(Scope.USERS)
    _must_allow_all_of(principal, role)
    user = new_user(web, name, password, role)
    try:
        with web.store.transaction():
            web.store.users.add(user)
            detail = {"name": name, "role": role.value}
            web.store.audit.append(principal.actor, "user.added", user.id, detail)
    except RecordExists as error:
        raise Taken("refused.user_taken", name=name) from error
    return user


@dataclass(frozen=True, slots=True)
class UserChange:
    """What to change of a user; None leaves it as it is."""

    role: Role | None = None
    disabled: bool | None = None
    password: str | None = None


def change_user(
    web: WebContext, principal: Principal, user_id: str, change: UserChange
) -> UserRecord:
    """Changes somebody's role, switches them off or on, or gives them a new password.

    Whoever is switched off or gets another password is logged out everywhere. With another
    password the tokens go, too: whoever knew the old one may have made some.

    Raises:
        AccessDenied: by a token, of its own user, of a password, or, unless somebody is only
            switched off, of who may then do more than the token.
        UsageError: the password is not good enough, or no administrator would be left.
        RecordNotFound: there is no such user.
    """
    principal.must_allow(Scope.USERS)
    if principal.session_hash is None and (
        user_id == principal.user.id or change.password is not None
    ):
        raise AccessDenied("a token changes neither its own user nor anybody's password")
    values: dict[str, Any] = {}
    if change.role is not None:
        values["role"] = change.role
    if change.disabled is not None:
        values["disabled_at"] = web.now() if change.disabled else None
    if change.password is not None:
        name = web.store.users.get(user_id).name
        must_be_good(change.password, name, web.config.login.min_password)
        values["password_hash"] = hash_password(change.password)
    with web.store.transaction():
        changed = _change(web.store, principal.actor, user_id, values, web.now())
        if change != UserChange(disabled=True):
            _must_allow_all_of(principal, changed.role)
        if web.store.users.active_admins() == 0:
            raise WrongUse("refused.last_admin")
    return changed


def give_password(
    store: Store, user: UserRecord, password: str, login: LoginConfig, now: datetime, *, actor: str
) -> None:
    """Gives somebody a new password where nobody can log in who may: as `change_user` does it.

    Raises:
        UsageError: the password is not good enough.
        RecordNotFound: there is no such user any more.
    """
    must_be_good(password, user.name, login.min_password)
    values = {"password_hash": hash_password(password)}
    with store.transaction():
        _change(store, actor, user.id, values, now)


def user_called(store: Store, name: str) -> UserRecord:
    """The user of a name.

    Raises:
        RecordNotFound: nobody is called that.
    """
    user = store.users.by_name(name)
    if user is None:
        names = ", ".join(each.name for each in store.users.all()) or "none"
        raise RecordNotFound(f"no user is called {name!r}; there are: {names}")
    return user


def _change(
    store: Store, actor: str, user_id: str, values: Mapping[str, Any], now: datetime
) -> UserRecord:
    """Writes new values of a user; ends sessions and tokens that must not outlive them."""
    changed = store.users.change(user_id, lambda user: replace(user, **values))
    has_password = "password_hash" in values
    if changed.disabled_at is not None or has_password:
        store.sessions.delete_of(user_id)
    if has_password:
        for token in store.tokens.of_user(user_id):
            _revoke(store, actor, token.id, now)
    detail = {
        "name": changed.name,
        "role": changed.role.value,
        "disabled": changed.disabled_at is not None,
        "password": has_password,
    }
    store.audit.append(actor, "user.changed", user_id, detail)
    return changed


def _must_allow_all_of(principal: Principal, role: Role) -> None:
    # Else a token would make somebody who may do what it may not, and log in as them.
    beyond = scopes_of(role) - principal.scopes
    if beyond:
        raise NotAllowed("refused.permission", permission=", ".join(sorted(beyond)))


def change_own_password(web: WebContext, principal: Principal, current: str, new: str) -> None:
    """Gives oneself a new password; all other sessions end.

    Raises:
        AccessDenied: by token, or the current password is wrong.
        NotLoggedIn: somebody has given the user another one meanwhile.
        Throttled: it was wrong too often in this session.
        UsageError: the new one is not good enough.
    """
    if principal.session_hash is None:
        raise AccessDenied("a token cannot change the password")
    user = web.store.users.get(principal.user.id)
    guessers = in_session(principal.session_hash)
    wait_s = web.throttle.begin(guessers)
    if wait_s > 0:
        raise Throttled(wait_s)
    if not check_password(user.password_hash, current):
        raise NotAllowed("refused.current_password")
    web.throttle.succeeded(guessers)
    must_be_good(new, user.name, web.config.login.min_password)
    hashed = hash_password(new)  # takes its time, during which others may change the user

    def with_new(now: UserRecord) -> UserRecord:
        if now.password_hash != user.password_hash:
            raise NotLoggedIn("the session has ended")
        return replace(now, password_hash=hashed)

    with web.store.transaction():
        web.store.users.change(user.id, with_new)
        web.store.sessions.delete_of(user.id, keep=principal.session_hash)
        web.store.audit.append(principal.actor, "user.password_changed", user.id)


def change_language(web: WebContext, principal: Principal, language: str) -> UserRecord:
    """Chooses one's own language.

    Raises:
        AccessDenied: by token.
    """
    if principal.session_hash is None:
        raise AccessDenied("a token cannot change its user's language")
    return web.store.users.change(principal.user.id, lambda user: replace(user, language=language))


def list_tokens(web: WebContext, principal: Principal) -> Sequence[ApiTokenRecord]:
    """One's own tokens.

    Raises:
        AccessDenied: by a token that may not manage users.
    """
    _must_manage_tokens(principal)
    return web.store.tokens.of_user(principal.user.id)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that has just been made."""

    record: ApiTokenRecord
    token: str
    """Shown this once."""


def add_token(
    web: WebContext,
    principal: Principal,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
) -> NewToken:
    """A token for a program of one's own.

    Raises:
        AccessDenied: by token, or for more than one's role allows.
        UsageError: no scope, or it would have expired already.
    """
    if principal.session_hash is None:
        raise AccessDenied("a token cannot make tokens")
    beyond = set(scopes) - scopes_of(principal.user.role)
    if beyond:
        raise NotAllowed("refused.role", permissions=", ".join(sorted(beyond)))
    if not scopes:
        raise WrongUse("refused.no_permissions")
    if expires_at is not None and expires_at <= web.now():
        raise UsageError("the token would have expired already")
    token = new_api_token()
    record = ApiTokenRecord(
        id=new_id(),
        user_id=principal.user.id,
        name=name,
        token_hash=hash_secret(token),
        scopes=tuple(sorted(set(scopes))),
        created_at=web.now(),
        expires_at=expires_at,
    )
    with web.store.transaction():
        web.store.tokens.add(record)
        detail = {"name": name, "scopes": list(record.scopes)}
        web.store.audit.append(principal.actor, "token.added", record.id, detail)
    return NewToken(record, token)


def revoke_token(web: WebContext, principal: Principal, token_id: str) -> None:
    """Ends one of one's own tokens; an administrator may end anybody's.

    Raises:
        AccessDenied: by a token that may not manage users.
        RecordNotFound: there is no such token among them.
    """
    _must_manage_tokens(principal)
    own = {token.id for token in web.store.tokens.of_user(principal.user.id)}
    anybodys = {token.id for token in web.store.tokens.all()}
    if token_id not in (anybodys if principal.allows(Scope.USERS) else own):
        raise RecordNotFound(f"no token of yours has the id {token_id!r}")
    with web.store.transaction():
        _revoke(web.store, principal.actor, token_id, web.now())


def _must_manage_tokens(principal: Principal) -> None:
    # A token is for one program: it is not to end its user's others.
    if principal.session_hash is None and not principal.allows(Scope.USERS):
        raise AccessDenied("only a token that may manage users can see or end tokens")


def _revoke(store: Store, actor: str, token_id: str, now: datetime) -> None:
    if store.tokens.revoke(token_id, now):
        store.audit.append(actor, "token.revoked", token_id)
