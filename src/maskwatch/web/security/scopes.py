"""What can be allowed, and which role allows it."""

from __future__ import annotations

from enum import StrEnum

from maskwatch.store.records import Role


class Scope(StrEnum):
    """One thing that can be allowed. Roles are sets of these; a token names some of them."""

    LIVE = "live"
    """Live pictures and who is before the camera."""
    EPISODES_READ = "episodes:read"
    """Episodes, their photos and timelines, counts and reports."""
    EPISODES_WRITE = "episodes:write"
    """Acknowledge an episode, say that it is wrong."""
    REVIEW = "review"
    """Label faces."""
    REVIEW_EXPORT = "review:export"
    """Take labelled photos out of the box."""
    CAMERAS_READ = "cameras:read"
    """Cameras and their settings, without passwords."""
    CAMERAS_WRITE = "cameras:write"
    """Add, test, change and delete cameras; acceptance walks."""
    SYSTEM_READ = "system:read"
    """Health, deliveries, model card, metrics."""
    SYSTEM_WRITE = "system:write"
    """Reload the configuration, retry deliveries, send test messages."""
    AUDIT_READ = "audit:read"
    """Who did and looked at what."""
    USERS = "users"
    """Users and their roles."""
    SUBJECTS = "subjects"
    """Hand out or delete everything about an episode."""


_VIEWER = {Scope.LIVE, Scope.EPISODES_READ, Scope.CAMERAS_READ, Scope.SYSTEM_READ}
_REVIEWER = _VIEWER | {Scope.EPISODES_WRITE, Scope.REVIEW}

SCOPES_OF_ROLE: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset(_VIEWER),
    Role.REVIEWER: frozenset(_REVIEWER),
    Role.ADMIN: frozenset(Scope),
}


SCOPE_OF_NEWS: dict[str, Scope] = {
    "episode": Scope.EPISODES_READ,
    "camera": Scope.CAMERAS_READ,
}
"""What each kind of news needs: whoever hears of it is told all that can be read of it."""

SCOPE_OF_PAGE: dict[str, Scope] = {
    "/": Scope.LIVE,
    "/live": Scope.LIVE,
    "/overview": Scope.EPISODES_READ,
    "/events": Scope.EPISODES_READ,
    "/review": Scope.REVIEW,
    "/cameras": Scope.CAMERAS_READ,
    "/system": Scope.SYSTEM_READ,
}
"""What the pages of the dashboard need; those below one need the same."""


def scope_of_page(path: str) -> Scope | None:
    """What a page needs; None for what is no page."""
    return SCOPE_OF_PAGE.get("/" + path.split("/")[1])


def scopes_of(role: Role) -> frozenset[Scope]:
    """Everything that a role allows."""
    return SCOPES_OF_ROLE[role]


def known_scopes(names: tuple[str, ...]) -> frozenset[Scope]:
    """The scopes of these names; names of another version of this program allow nothing."""
    return frozenset(scope for scope in Scope if scope.value in names)
