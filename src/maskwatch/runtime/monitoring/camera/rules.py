"""From the section of one camera to what the runtime and the rules work with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from maskwatch.config.cameras import (
    CameraConfig,
    ExemptionConfig,
    HoursConfig,
    RuleConfig,
    ScheduleConfig,
    ZoneUse,
)
from maskwatch.events.camera import CameraRules
from maskwatch.events.reentry import ReentrySettings
from maskwatch.events.rule import RuleSettings
from maskwatch.events.schedule import Exemption, Hours, Schedule
from maskwatch.events.zones import Zone, ZoneMap
from maskwatch.frames.camera import LiveInput, live_input
from maskwatch.frames.reach import Reach


def rules_of(config: CameraConfig) -> CameraRules:
    """What holds for a camera."""
    own = [zone for zone in config.zones if zone.schedule is not None]
    limits = [zone for zone in config.zones if zone.coverage_below is not None]
    return CameraRules(
        zones=ZoneMap(
            tuple(
                Zone(zone.name, zone.polygon, excluded=zone.use is ZoneUse.EXCLUDE)
                for zone in config.zones
            )
        ),
        schedule=schedule_of(config.schedule),
        zone_schedules={z.name: schedule_of(z.schedule) for z in own if z.schedule is not None},
        rule=_rule(config.rule, None),
        zone_rules={z.name: _rule(config.rule, z.coverage_below) for z in limits},
        exemptions=tuple(_exemption(each) for each in config.exemptions),
        correct_s=config.rule.correct_s,
        reentry=ReentrySettings(within_s=config.rule.reentry_s),
    )


def schedule_of(config: ScheduleConfig) -> Schedule:
    """When masks are required."""
    return Schedule(_hours(config.hours), frozenset(config.holidays), _hours(config.holiday_hours))


def input_of(config: CameraConfig, name: str, reach: Reach | None = None) -> LiveInput:
    """What FFmpeg needs to open a camera, under the camera's own name.

    Args:
        config: its section.
        name: of the camera.
        reach: where its address may lead; None for anywhere.

    Raises:
        SourceError: there is no such webcam.
    """
    found = live_input(config.url.get_secret_value(), config.transport)
    return replace(found, name=name, reach=reach)


def _rule(config: RuleConfig, coverage_below: float | None) -> RuleSettings:
    limit = config.coverage_below if coverage_below is None else coverage_below
    return RuleSettings(limit, config.hold_s)


def _hours(configs: Sequence[HoursConfig]) -> tuple[Hours, ...]:
    return tuple(each.meant for each in configs)


def _exemption(config: ExemptionConfig) -> Exemption:
    zones, hours = frozenset(config.zones), _hours(config.hours)
    return Exemption(config.reason, zones, hours, config.begins, config.ends)
