"""Cameras: how they are doing, adding and testing them, acceptance walks."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from maskwatch.web.actions import cameras
from maskwatch.web.api.access import Caller, Web
from maskwatch.web.api.problems import problems
from maskwatch.web.api.views.cameras import (
    CameraAddress,
    CameraDetailView,
    CameraName,
    CameraSettings,
    CameraView,
    NewCamera,
    PictureSize,
)
from maskwatch.web.api.views.system import OutcomeView

router = APIRouter(tags=["cameras"], prefix="/cameras")


@router.get("")
def list_cameras(web: Web, principal: Caller) -> Sequence[CameraView]:
    """How all cameras are doing."""
    return CameraView.all(cameras.list_cameras(web, principal))


@router.post("", status_code=201, responses=problems(409, 422))
def add_camera(web: Web, principal: Caller, body: NewCamera) -> OutcomeView:
    """Adds a camera and starts it."""
    return OutcomeView.of(cameras.add_camera(web, principal, body.name, body.settings))


@router.post(
    "/test",
    response_class=Response,
    responses={
        200: {"model": PictureSize, "content": {"image/jpeg": {}}},
        **problems(422, 502),
    },
)
def test_camera(web: Web, principal: Caller, body: CameraAddress) -> Response:
    """Connects to an address once and shows one picture. Nothing is kept.

    Where the privacy policy allows no pictures, it says how large the picture was.
    """
    probe = cameras.test_camera(web, principal, body.url)
    if probe.jpeg is None:
        return JSONResponse(PictureSize.of(probe).model_dump())
    return Response(probe.jpeg, media_type="image/jpeg")


@router.get("/{name}", responses=problems(404, 422))
def see_camera(web: Web, principal: Caller, name: CameraName) -> CameraDetailView:
    """One camera."""
    return CameraDetailView.of(cameras.see_camera(web, principal, name))


@router.put("/{name}", responses=problems(404, 409, 422))
def change_camera(
    web: Web, principal: Caller, name: CameraName, body: CameraSettings
) -> OutcomeView:
    """Replaces all settings of a camera that was added in the dashboard, and restarts it.

    With the `changed_at` that was read with them, 409 when somebody has changed them since.
    """
    made = cameras.change_camera(web, principal, name, body.settings, body.changed_at)
    return OutcomeView.of(made.outcome)


@router.delete("/{name}", responses=problems(404, 422))
def delete_camera(web: Web, principal: Caller, name: CameraName) -> OutcomeView:
    """Forgets a camera that was added in the dashboard; its episodes stay."""
    return OutcomeView.of(cameras.delete_camera(web, principal, name))


@router.post("/{name}/start", status_code=204, responses=problems(404, 422))
def start_camera(web: Web, principal: Caller, name: CameraName) -> None:
    """Switches a camera on that was stopped by hand."""
    cameras.switch_camera(web, principal, name, on=True)


@router.post("/{name}/stop", status_code=204, responses=problems(404, 422))
def stop_camera(web: Web, principal: Caller, name: CameraName) -> None:
    """Switches a camera off until the next start of the service."""
    cameras.switch_camera(web, principal, name, on=False)
