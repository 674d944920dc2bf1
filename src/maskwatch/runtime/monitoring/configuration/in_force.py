"""The configuration in force: which cameras are watched under it, and what else follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.config.root import Config
from maskwatch.runtime.monitoring.camera.lane import LaneSetting
from maskwatch.runtime.monitoring.configuration.fleet import Fleet
from maskwatch.runtime.monitoring.configuration.planning import Plan, planned_cameras
from maskwatch.runtime.monitoring.control import LeftOut, ReloadOutcome
from maskwatch.runtime.monitoring.records.chronicle import Chronicle
from maskwatch.runtime.monitoring.records.recorder import Recorder
from maskwatch.runtime.monitoring.records.statistics import StatisticsOnly
from maskwatch.store.store import Store


class InForce:
    """Has everything go by one configuration, and then by another.

    Changes come from one thread at a time; any may ask what is in force.

    Args:
        config: in force from the start; its cameras from `watch_cameras` on.
        setting_of: what lanes share under a configuration, and whom they tell what happens.
        store: which photos it takes follows from the privacy policy.
        alerts: is given each configuration.
        fleet: watches the cameras.
        recorder: writes down what they tell.
    """

    def __init__(
        self,
        config: Config,
        setting_of: Callable[[Config, Chronicle], LaneSetting],
        store: Store,
        alerts: AlertService,
        fleet: Fleet,
        recorder: Recorder,
    ) -> None:
        self.config = config
        self.left_out: tuple[LeftOut, ...] = ()
        """The cameras of the dashboard that are not watched."""
        self._setting_of = setting_of
        self._store = store
        self._alerts = alerts
        self._fleet = fleet
        self._recorder = recorder
        self._counted: StatisticsOnly | None = None

    def take(self, new: Config) -> ReloadOutcome:
        """Puts another configuration into force.

        Raises:
            MaskwatchError: it cannot be; nothing has changed. After any other error a part of it
                may be in force, and the next call does what is left.
        """
        plan = planned_cameras(new, self._store)
        self._alerts.reload(AlertSettings.of(new))  # so far nothing has changed if it raises
        old, self.config = self.config, new
        sections = [name for name in Config.model_fields if name != "cameras"]
        changes = [f"{name}: changed" for name in sections if differ(old, new, name)]
        return self._watch(plan, changes)

    def watch_cameras(self) -> ReloadOutcome:
        """Watches the cameras of the configuration, and those of the dashboard as they are now.

        Raises:
            StoreError: these cannot be read; all goes on as before.
        """
        return self._watch(planned_cameras(self.config, self._store))

    def tick(self) -> None:
        """Writes down the counts of a span that is over; to be called now and then."""
        counted = self._counted  # the one in force may become another one meanwhile
        if counted is not None:
            counted.tick(datetime.now(UTC))

    def flush(self) -> None:
        """Writes down the counts so far; to be called at the end, after the lanes'."""
        counted = self._counted
        if counted is not None:
            counted.flush(datetime.now(UTC))

    def _watch(self, plan: Plan, done: Sequence[str] = ()) -> ReloadOutcome:
        """Watches these cameras; says what was done, also before."""
        self.left_out = plan.left_out
        self._store.snapshots.photos = self.config.privacy.stored_photos
        self._recorder.statistics_only = self.config.privacy.statistics_only
        before = self._counted
        setting = self._setting_of(self.config, self._chronicle())
        try:
            changes = self._fleet.apply(plan.cameras, setting)
        finally:
            if before is not None and before is not self._counted:
                before.flush(datetime.now(UTC))  # after the lanes have told it who was there
        return ReloadOutcome(
            accepted=True, changes=(*done, *changes), problems=tuple(map(str, plan.left_out))
        )

    def _chronicle(self) -> Chronicle:
        """What lanes tell: everything, or counts alone."""
        privacy, zone = self.config.privacy, self.config.site.zone
        counted = self._counted
        if not privacy.statistics_only:
            self._counted = None
        elif counted is None or (counted.privacy, counted.zone) != (privacy, zone):
            self._counted = StatisticsOnly(self._recorder, privacy, zone, datetime.now(UTC))
        return self._counted or self._recorder


def differ(old: Config, new: Config, section: str) -> bool:
    """Whether two configurations have something else in a section."""
    return bool(getattr(old, section) != getattr(new, section))
