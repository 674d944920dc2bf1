"""Fixtures for all tests."""

from __future__ import annotations

import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.components import all_required
from tests.servers.certificates import Certificates, make_certificates

# An example that waits for the machine is none that fails. Where a change is judged, all are tried
# with the same examples: what chance finds in other code is not the change's fault.
settings.register_profile(
    "maskwatch",
    deadline=None,
    derandomize=all_required(),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("maskwatch")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of servers on the loopback."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def strange_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """From another authority."""
    return make_certificates(tmp_path_factory.mktemp("strange"))


def _missing_package_fails(
    report: pytest.CollectReport | pytest.TestReport, call: pytest.CallInfo[object]
) -> None:
    """What `pytest.importorskip` skips is a missing component too (see ``tests.components``).

    It is known by what raised it, as it can be given any reason.
    """
    if all_required() and report.skipped and call.excinfo is not None:
        raised_by = call.excinfo.traceback[-1].name
        if raised_by == pytest.importorskip.__name__:
            report.outcome = "failed"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A test file that is skipped while it is collected."""
    report = yield
    _missing_package_fails(report, report.call)  # type: ignore[attr-defined]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[object],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped while it runs."""
    report = yield
    _missing_package_fails(report, call)
    return report


@pytest.fixture(scope="session", autouse=True)
def programs_hear_ctrl_c() -> None:
    """A shell that runs tests in its background has them and their programs ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
