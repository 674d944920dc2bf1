"""Who asks: logging in and out, sessions, tokens, the first start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from time import monotonic

from maskwatch.errors import AccessDenied, NotLoggedIn, RecordNotFound, StoreError, Throttled
from maskwatch.store.ids import new_id
from maskwatch.store.records import Role, SessionRecord, UserRecord
from maskwatch.web.context import WebContext
from maskwatch.web.refusals import NotAllowed
from maskwatch.web.security.names import must_be_name
from maskwatch.web.security.passwords import check_password, hash_password, must_be_good
from maskwatch.web.security.scopes import Scope, known_scopes, scopes_of
from maskwatch.web.security.secrets import csrf_token, hash_secret, is_same, new_secret
from maskwatch.web.security.throttle import at_login

_SEEN_EVERY = timedelta(minutes=1)
"""How often the use of a session or token is written down."""
_WRONG = "wrong name or password"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is known."""

    user: UserRecord
    actor: str
    """As the audit log says it: the user's name, or ``token:USER/NAME``."""
    scopes: frozenset[Scope]
    csrf: str | None = None
    """What pages must send along; None for a token, which no browser sends by itself."""
    session_hash: str | None = None

    def is_own_page(self, csrf: str) -> bool:
        """Whether what was sent along comes from a page that was given to this session."""
        return self.csrf is not None and is_same(self.csrf, csrf)

    def allows(self, scope: Scope) -> bool:
        """Whether it may."""
        return scope in self.scopes

    def must_allow(self, scope: Scope) -> None:
        """Raises AccessDenied, naming the scope, unless it may."""
        if scope not in self.scopes:
            raise NotAllowed("refused.permission", permission=scope.value)


@dataclass(frozen=True, slots=True)
class Login:
    """A session that has just begun."""

    secret: str
    """For the cookie."""
    principal: Principal


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request to log in comes from."""

    address: str
    agent: str
    """What the browser calls itself."""
    former: str | None = None
    """The secret of the session that the browser has had so far."""


def log_in(web: WebContext, name: str, password: str, visitor: Visitor) -> Login:
    """Begins a session.

    The visitor's former one ends: nobody holds its cookie any more, and pages that are still open
    must not go on as somebody else.

    Raises:
        Throttled: too many wrong passwords for this user or from this address.
        NotLoggedIn: wrong name or password; never says which.
    """
    user = web.store.users.by_name(name)  # first: while nobody is found, nobody guesses wrong
    guessers = at_login(name, visitor.address)
    wait_s = web.throttle.begin(guessers)
    if wait_s > 0:
        web.journal.held_back()
        raise Throttled(wait_s)
    stored = user.password_hash if user and user.disabled_at is None else None
    if not check_password(stored, password) or user is None:
        wait_s = web.throttle.wait_s(guessers)
        known = None if user is None else user.name
        web.journal.failed(name, visitor.address, user=known, wait_s=wait_s)
        raise NotLoggedIn(_WRONG)
    web.throttle.succeeded(guessers)
    web.journal.sum_up()
    with web.store.transaction():
        web.store.users.logged_in(user.id, web.now())
        # Checking took its time, in which the password may have been changed: that ends all
        # sessions, and one with the old password must not begin right after it.
        if web.store.users.get(user.id).password_hash != user.password_hash:
            raise NotLoggedIn(_WRONG)
        web.store.audit.append(user.name, "login", user.id, {"address": visitor.address})
        if visitor.former is not None:
            web.store.sessions.delete(hash_secret(visitor.former))
        return _begin_session(web, user, visitor)


def _begin_session(web: WebContext, user: UserRecord, visitor: Visitor) -> Login:
    secret, now = new_secret(), web.now()
    session = SessionRecord(
        token_hash=hash_secret(secret),
        user_id=user.id,
        created_at=now,
        expires_at=now + timedelta(seconds=web.config.login.session_s),
        last_seen_at=now,
        address=visitor.address,
        agent=visitor.agent[:200],
    )
    web.store.sessions.add(session)
    return Login(secret, _of_session(user, session, secret))


def log_out(web: WebContext, principal: Principal) -> None:
    """Ends the session."""
    if principal.session_hash is not None:
        web.store.sessions.delete(principal.session_hash)
        web.store.audit.append(principal.actor, "logout", principal.user.id)


def of_session(web: WebContext, secret: str) -> Principal:
    """Who has this cookie.

    Raises:
        NotLoggedIn: nobody, the session has ended, or the user was disabled.
    """
    session = web.store.sessions.get(hash_secret(secret), web.now())
    if session is None:
        raise NotLoggedIn("not logged in")
    return _of_session(_user_of(web, session, is_use=True), session, secret)


def refreshed(web: WebContext, principal: Principal, *, is_use: bool) -> Principal:
    """The same somebody, with the rights of now: for pages that stay open for long.

    Args:
        web: the application.
        principal: as known so far.
        is_use: whether a person did something, which keeps an idle session from ending.

    Raises:
        NotLoggedIn: the session has ended.
    """
    session = web.store.sessions.get(principal.session_hash or "", web.now())
    if session is None:
        raise NotLoggedIn("the session has ended")
    user = _user_of(web, session, is_use=is_use)
    return replace(principal, user=user, actor=user.name, scopes=scopes_of(user.role))


def _user_of(web: WebContext, session: SessionRecord, *, is_use: bool) -> UserRecord:
    now = web.now()
    idle = timedelta(seconds=web.config.login.idle_s)
    user = _active_user(web, session.user_id)
    # Seen in the future: by a clock that has been set back since, and would keep it for years.
    unseen = abs(now - session.last_seen_at)
    if user is None or unseen >= idle:
        web.store.sessions.delete(session.token_hash)
        raise NotLoggedIn("the session has ended")
    if is_use and unseen >= min(_SEEN_EVERY, idle / 4):
        with suppress(StoreError):  # who may look may do so also where nothing can be written
            web.store.sessions.seen(session.token_hash, now, session.expires_at)
    return user


def _of_session(user: UserRecord, session: SessionRecord, secret: str) -> Principal:
    return Principal(user, user.name, scopes_of(user.role), csrf_token(secret), session.token_hash)


def of_token(web: WebContext, token: str) -> Principal:
    """Whose program this is. It may do what both the token and its user's role allow.

    Raises:
        NotLoggedIn: unknown, expired or revoked.
    """
    now = web.now()
    record = web.store.tokens.by_hash(hash_secret(token), now)
    user = None if record is None else _active_user(web, record.user_id)
    if record is None or user is None:
        raise NotLoggedIn("this token is unknown, expired or revoked")
    if record.last_used_at is None or abs(now - record.last_used_at) >= _SEEN_EVERY:
        with suppress(StoreError):  # as above
            web.store.tokens.used(record.id, now)
    # No user's name has a slash, so the first one ends it, whatever the token is called.
    actor = f"token:{user.name}/{record.name}"
    return Principal(user, actor, known_scopes(record.scopes) & scopes_of(user.role))


def _active_user(web: WebContext, user_id: str) -> UserRecord | None:
    try:
        user = web.store.users.get(user_id)
    except RecordNotFound:
        return None
    return None if user.disabled_at is not None else user


def new_user(web: WebContext, name: str, password: str, role: Role) -> UserRecord:
    """Somebody who is not in the store yet.

    Raises:
        UsageError: the name or the password is not good enough.
    """
    must_be_name(name)
    must_be_good(password, name, web.config.login.min_password)
    return UserRecord(
        id=new_id(),
        name=name,
        role=role,
        password_hash=hash_password(password),
        created_at=web.now(),
        language=web.config.language,
    )


_LINK_IS_OVER = "this link no longer works: restart the service for a new one"


class FirstStart:
    """The one-time set-up link: whoever has it makes the first administrator.

    Args:
        web: the application.
        clock: monotonic seconds. The time of day may be set at any moment, above all on a new box.
    """

    def __init__(self, web: WebContext, clock: Callable[[], float] = monotonic) -> None:
        self._web = web
        self._clock = clock
        self._lock = Lock()
        self._hash: str | None = None
        self._until_s = 0.0

    def open(self) -> str | None:
        """A fresh secret for the link, if there are no users yet; the former one ends."""
        with self._lock:
            if self._web.store.users.count() > 0:
                return None
            secret = new_secret()
            self._hash = hash_secret(secret)
            self._until_s = self._clock() + self._web.config.login.setup_s
            return secret

    def is_valid(self, secret: str) -> bool:
        """Whether the link still works."""
        hashed = self._hash  # another thread may use the link up meanwhile
        return (
            hashed is not None
            and self._clock() < self._until_s
            and is_same(hashed, hash_secret(secret))
        )

    def finish(self, secret: str, name: str, password: str, visitor: Visitor) -> Login:
        """Makes the first administrator and logs in.

        Raises:
            AccessDenied: the link is used, too old, or not ours.
            UsageError: the name or the password is not good enough.
        """
        with self._lock:
            if not self.is_valid(secret):
                raise AccessDenied(_LINK_IS_OVER)
            user = new_user(self._web, name, password, Role.ADMIN)
            with self._web.store.transaction():
                if not self._web.store.users.add_first(user):
                    raise AccessDenied(_LINK_IS_OVER)
                detail = {"address": visitor.address}
                self._web.store.audit.append(name, "setup", user.id, detail)
                login = _begin_session(self._web, user, visitor)
            self._hash = None
        return login
