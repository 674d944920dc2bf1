"""What machines ask: alive, ready, and numbers for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from maskwatch.errors import NotLoggedIn, StoreError
from maskwatch.patience import Overdue
from maskwatch.runtime.monitoring.control import CameraPhase, ServiceControl
from maskwatch.store.records import DeliveryState
from maskwatch.web.actions.system import DiskUse, disk_use
from maskwatch.web.api.access import Bearer, Web
from maskwatch.web.api.problems import problems
from maskwatch.web.context import WebContext
from maskwatch.web.identity import of_token
from maskwatch.web.security.journal import RefusedLogins
from maskwatch.web.security.scopes import Scope

router = APIRouter(tags=["probes"])

_T = TypeVar("_T")


# Some that ask want no body: the method is HEAD then.
@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_class=PlainTextResponse)
async def alive() -> str:
    """Answers as long as the process does."""
    return "ok\n"


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", responses={503: {"description": "Not ready, and why."}})
def ready(web: Web) -> JSONResponse:
    """Whether models work, each camera was tried once, and the database answers."""
    checks = {"service": web.control.status().ready, "store": _store_answers(web)}
    is_ready = all(checks.values())
    return JSONResponse({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)


@router.get("/metrics", response_class=PlainTextResponse, responses=problems(401, 403))
def metrics(web: Web, bearer: Bearer) -> Response:
    """Numbers for Prometheus; needs a token with `system:read` unless they are public.

    While the database does not answer, those that it knows are left out.
    """
    if not web.config.metrics_public:
        if bearer is None:
            raise NotLoggedIn("metrics need a token (or web.metrics_public)")
        token = bearer.credentials
        _answer(web, lambda: of_token(web, token)).must_allow(Scope.SYSTEM_READ)
    registry = CollectorRegistry()
    registry.register(_Numbers(web.control, _stored(web), web.streams.open, web.journal.total))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(web: WebContext, question: Callable[[], _T]) -> _T:
    """The database's; raises StoreError when there is none in time."""
    try:
        return web.patience.ask(question)
    except Overdue as error:
        raise StoreError(f"the database {error}") from error


def _store_answers(web: WebContext) -> bool:
    try:
        _answer(web, web.store.users.count)
    except StoreError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Stored:
    """What only the database knows."""

    deliveries: Mapping[DeliveryState, int]
    disk: DiskUse | None
    """None when the disk of the photos does not say how full it is, such as a share that is away.
    """


def _stored(web: WebContext) -> _Stored | None:
    """None when the database does not answer: just then somebody wants to know the rest."""
    try:
        deliveries = _answer(web, web.store.deliveries.counts)
    except StoreError:
        return None
    try:
        return _Stored(deliveries, disk_use(web))
    except StoreError:
        return _Stored(deliveries, None)


class _Numbers(Collector):
    """One state of the system in Prometheus' words."""

    def __init__(
        self,
        control: ServiceControl,
        stored: _Stored | None,
        streams: int,
        refused: RefusedLogins,
    ) -> None:
        self._control = control
        self._stored = stored
        self._streams = streams
        self._refused = refused

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        yield from self._of_cameras()
        yield from self._of_inference()
        yield from self._of_box()
        yield from self._of_store()

    def _of_cameras(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("maskwatch_camera_up", "1 while pictures come", labels=["camera"])
        fps = GaugeMetricFamily("maskwatch_camera_fps", "Looked at a second", labels=["camera"])
        people = GaugeMetricFamily("maskwatch_camera_people", "Seen now", labels=["camera"])
        latency = GaugeMetricFamily(
            "maskwatch_camera_latency_seconds", "Capture to verdict", labels=["camera"]
        )
        frames = CounterMetricFamily("maskwatch_camera_frames", "Looked at", labels=["camera"])
        dropped = CounterMetricFamily(
            "maskwatch_camera_dropped_frames", "Replaced before a look", labels=["camera"]
        )
        for each in self._control.camera_states():
            name = [each.camera]
            up.add_metric(name, float(each.phase is CameraPhase.WATCHING))
            fps.add_metric(name, each.fps)
            people.add_metric(name, each.people)
            frames.add_metric(name, each.frames)
            dropped.add_metric(name, each.dropped)
            if each.latency_s is not None:
                latency.add_metric(name, each.latency_s)
        yield from (up, fps, people, latency, frames, dropped)

    def _of_inference(self) -> Iterator[Metric]:
        state = self._control.inference_state()
        yield _gauge("maskwatch_inference_fps", "Pictures looked at a second", state.fps)
        yield _gauge("maskwatch_inference_queue", "Cameras whose picture waits", state.queue)
        yield _gauge("maskwatch_inference_busy", "Share of the time at work", state.busy)
        overloaded = float(state.overloaded)
        yield _gauge("maskwatch_inference_overloaded", "1 when the box is too slow", overloaded)

    def _of_box(self) -> Iterator[Metric]:
        service = self._control.status()
        yield _gauge("maskwatch_ready", "1 when all is loaded", float(service.ready))
        yield _gauge("maskwatch_unwritten_records", "Waiting for the store", service.unwritten)
        yield _gauge("maskwatch_open_streams", "Live pictures and event streams", self._streams)
        refused = CounterMetricFamily(
            "maskwatch_refused_logins", "Wrong passwords, tries during a wait", labels=["reason"]
        )
        refused.add_metric(["wrong_password"], self._refused.failed)
        refused.add_metric(["held_back"], self._refused.held_back)
        yield refused

    def _of_store(self) -> Iterator[Metric]:
        stored = self._stored
        yield _gauge("maskwatch_store_up", "1 when the database answers", float(stored is not None))
        if stored is None:
            return
        if stored.disk is not None:
            yield _gauge("maskwatch_disk_free_bytes", "Room for photos", stored.disk.free_bytes)
            yield _gauge("maskwatch_photo_bytes", "Photos kept", stored.disk.photo_bytes)
        deliveries = GaugeMetricFamily("maskwatch_deliveries", "Messages", labels=["state"])
        for delivery_state, count in stored.deliveries.items():
            deliveries.add_metric([delivery_state.value], count)
        yield deliveries


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
