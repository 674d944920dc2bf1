"""Cameras: those of the configuration can be looked at, those of the dashboard changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from maskwatch.config.cameras import CameraName, camera_of
from maskwatch.errors import ConfigError, RecordChanged, RecordExists, RecordNotFound, UsageError
from maskwatch.frames.urls import HIDDEN, mask_password
from maskwatch.runtime.monitoring.control import CameraProbe, CameraStatus, LeftOut, ReloadOutcome
from maskwatch.runtime.monitoring.live_hub import LiveView
from maskwatch.store.ids import new_id
from maskwatch.store.records import StoredCamera
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.refusals import Missing, Taken, WrongUse
from maskwatch.web.security.addresses import checked_address
from maskwatch.web.security.scopes import Scope

_NAME: TypeAdapter[str] = TypeAdapter(CameraName)


@dataclass(frozen=True, slots=True)
class CameraDetail:
    """A camera with its settings."""

    status: CameraStatus
    settings: Mapping[str, Any]
    """As in the configuration, any password masked. Those of a camera of the YAML file are changed
    there."""
    changed_at: datetime | None = None
    """When the settings were saved; None for those of the YAML file."""


@dataclass(frozen=True, slots=True)
class CameraChange:
    """What became of changing the settings of a camera."""

    outcome: ReloadOutcome
    changed_at: datetime


def list_cameras(web: WebContext, principal: Principal) -> Sequence[CameraStatus]:
    """How all cameras are doing."""
    principal.must_allow(Scope.CAMERAS_READ)
    return web.control.camera_states()


def left_out(web: WebContext, principal: Principal) -> Sequence[LeftOut]:
    """The cameras of the dashboard that `list_cameras` is without; they can still be deleted."""
    principal.must_allow(Scope.CAMERAS_READ)
    return web.control.left_out()


def see_camera(web: WebContext, principal: Principal, name: str) -> CameraDetail:
    """One camera.

    Raises:
        RecordNotFound: there is none of that name.
    """
    principal.must_allow(Scope.CAMERAS_READ)
    status, config = _status(web, name), web.control.camera_config(name)
    if config is not None:
        shown = config.model_dump(mode="json", exclude_defaults=True)
        return CameraDetail(status, {**shown, "url": config.address})
    stored = _stored(web, name)
    if stored is None:
        raise _no_camera(name)
    settings = {**stored.settings, "url": mask_password(str(stored.settings["url"]))}
    return CameraDetail(status, settings, stored.updated_at)


def live_view(web: WebContext, principal: Principal, name: str) -> LiveView | None:
    """What a camera sees now; None before its first picture."""
    principal.must_allow(Scope.LIVE)
    _status(web, name)
    return web.hub.latest(name)


def test_camera(web: WebContext, principal: Principal, url: str) -> CameraProbe:
    """Connects once and returns what came. Blocks.

    Raises:
        UsageError: the address may not be reached, see ``security.addresses``.
        SourceError: no picture came.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    checked_address(url, web.config.camera_networks)
    web.store.audit.append(principal.actor, "camera.tested", mask_password(url))
    return web.control.test_camera(url)


def add_camera(
    web: WebContext, principal: Principal, name: str, settings: Mapping[str, Any]
) -> ReloadOutcome:
    """Adds a camera and starts it, whatever has become of the configuration file. Blocks.

    Raises:
        UsageError: name or a setting is wrong, or the address may not be reached.
        RecordExists: a camera has that name already.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    _must_be_name(name)
    checked = _checked(web, settings)
    if web.control.camera_config(name) is not None:
        raise Taken("refused.camera_taken", name=name)
    now = web.now()
    try:
        with web.store.transaction():
            web.store.cameras.add(StoredCamera(new_id(), name, checked, now, now))
            web.store.audit.append(principal.actor, "camera.added", name)
    except RecordExists as error:
        raise Taken("refused.camera_taken", name=name) from error
    return web.control.watch_stored_cameras()


def change_camera(
    web: WebContext,
    principal: Principal,
    name: str,
    settings: Mapping[str, Any],
    seen_at: datetime | None = None,
) -> CameraChange:
    """Replaces the settings of a camera and restarts it. Blocks.

    Args:
        web: the application.
        principal: who asks.
        name: of the camera.
        settings: all of them. An address with ``***`` for its password keeps the password, as
            long as nothing else of the address has changed.
        seen_at: ``changed_at`` of the settings that these were made from; None for any.

    Raises:
        UsageError: a setting is wrong, or the camera stands in the YAML file.
        RecordNotFound: there is none of that name.
        RecordChanged: somebody has changed it since ``seen_at``.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    stored = _changeable(web, name)
    known = str(stored.settings["url"])
    given = dict(settings)
    if given.get("url", known) == mask_password(known):
        given["url"] = known
    checked, now = _checked(web, given), web.now()
    with web.store.transaction():
        if not web.store.cameras.update(stored.id, name, checked, now, seen_at=seen_at):
            raise RecordChanged(f"somebody has changed the camera {name!r} meanwhile")
        web.store.audit.append(principal.actor, "camera.changed", name)
    return CameraChange(web.control.watch_stored_cameras(), now)


def delete_camera(web: WebContext, principal: Principal, name: str) -> ReloadOutcome:
    """Stops a camera and forgets it, with any walk before it; its episodes stay. Blocks.

    Raises:
        UsageError: the camera stands in the YAML file.
        RecordNotFound: there is none of that name.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    stored = _changeable(web, name)
    with web.store.transaction():
        web.store.cameras.delete(stored.id)
        web.store.audit.append(principal.actor, "camera.deleted", name)
    web.walking.forget(name)
    return web.control.watch_stored_cameras()


def switch_camera(web: WebContext, principal: Principal, name: str, on: bool) -> None:
    """Starts or stops a camera until the next start of the service. Blocks.

    Raises:
        RecordNotFound: there is none of that name.
        UsageError: it is to start, and its settings switch it off.
    """
    principal.must_allow(Scope.CAMERAS_WRITE)
    _status(web, name)
    # Noted afterwards: what is refused was not done, and a full disk keeps no camera on.
    if on:
        web.control.start_camera(name)
    else:
        web.control.stop_camera(name)
    web.store.audit.append(principal.actor, "camera.started" if on else "camera.stopped", name)


def _must_be_name(name: str) -> None:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        # Other names would have no page, no route and no topic of MQTT.
        raise WrongUse("refused.camera_name") from None


def _checked(web: WebContext, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings as JSON, after the same checks as those of the YAML file."""
    try:
        config = camera_of(settings)
    except ConfigError as error:
        reasons = "; ".join(f"{each.key}: {each.reason}" for each in error.problems)
        raise UsageError(reasons) from error
    url = config.url.get_secret_value()
    if HIDDEN in url:
        raise WrongUse("refused.camera_password")
    # A device of the box itself is for whoever may edit its configuration file.
    checked_address(url, web.config.camera_networks)
    return {**config.model_dump(mode="json", exclude_defaults=True), "url": url}


def _status(web: WebContext, name: str) -> CameraStatus:
    for each in web.control.camera_states():
        if each.camera == name:
            return each
    raise _no_camera(name)


def _no_camera(name: str) -> RecordNotFound:
    return Missing("refused.camera_unknown", name=name)


def _stored(web: WebContext, name: str) -> StoredCamera | None:
    return next((each for each in web.store.cameras.all() if each.name == name), None)


def _changeable(web: WebContext, name: str) -> StoredCamera:
    stored = _stored(web, name)
    if stored is not None:
        return stored
    if web.control.camera_config(name) is None:
        raise _no_camera(name)
    raise WrongUse("refused.camera_in_file", name=name)
