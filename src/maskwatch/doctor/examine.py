"""All checks, one after the other, the cameras' at the same time."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from maskwatch.config.root import Config
from maskwatch.doctor import host
from maskwatch.doctor.cameras import cameras_to_try, check_camera
from maskwatch.doctor.channels import check_channel
from maskwatch.doctor.database import check_database
from maskwatch.doctor.finding import Check, Finding, Grade
from maskwatch.doctor.models import check_models
from maskwatch.frames.reach import Reach


def examine(config: Config) -> Iterator[Finding]:
    """Runs all checks, the cameras' at the same time, and yields what they found, in order."""
    planned = cameras_to_try(config)
    cameras = [each.config for each in planned.values()]
    reach = Reach(config.web.camera_networks)
    checks: list[tuple[str, Check]] = [
        ("clock", lambda: host.check_clock(datetime.now(UTC))),
        ("models", partial(check_models, config.inference, cameras)),
        ("database", partial(check_database, config)),
        ("disk", partial(host.check_disk, config)),
        *(
            (
                f"camera {name}",
                partial(check_camera, name, each.config, reach if each.from_dashboard else None),
            )
            for name, each in planned.items()
        ),
        *(
            (f"channel {name}", partial(check_channel, config, name))
            for name in config.alerts.channels
        ),
    ]
    if config.web.enabled:
        checks.append(("dashboard", partial(host.check_port, config)))
    frames: list[int] = []
    pool = ThreadPoolExecutor(max_workers=8)
    try:
        for future in [pool.submit(_found, what, check) for what, check in checks]:
            finding = future.result()
            frames.append(finding.frame_bytes)
            yield finding
    finally:
        pool.shutdown(cancel_futures=True)  # whoever presses Ctrl-C wants to hear of no others
    if any(frames) and host.SHARED_MEMORY.is_dir():
        yield _found("shared memory", lambda: host.check_shared_memory(sum(frames)))


def _found(what: str, check: Check) -> Finding:
    """What a check finds, or that it failed itself: the others are to be heard all the same."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a boundary; says where, so that it can be mended
        last = traceback.extract_tb(error.__traceback__)[-1]
        # Not what it says: that may hold a password.
        where = f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"
        return Finding(
            what,
            Grade.FAILED,
            f"the check itself failed: {where}",
            "look for a slip in this part of the configuration, and report the line above",
        )
