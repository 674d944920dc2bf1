from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from maskwatch.alerts.channels.apprise import AppriseChannel
from maskwatch.cli.logs import LogFormat, set_up_logging, without_passwords
from maskwatch.config.alerts import AppriseConfig
from tests.alerts import samples
from tests.servers.hooks import hook_server

# One of the services that Apprise loads imports a module that Python 3.13 dropped.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_passwords_in_addresses_never_reach_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogFormat.TEXT, "info")
    log = logging.getLogger("maskwatch.runtime.monitoring.camera.lane")
    log.warning("camera %s is lost", "rtsp://viewer:s3cret@10.0.0.5/1?token=abc")
    try:
        raise OSError("cannot reach https://u:s3cret@h/x")
    except OSError:
        log.exception("failed")
    said = capsys.readouterr().err
    assert "rtsp://viewer:***@10.0.0.5/1?token=*** is lost" in said
    assert "s3cret" not in said
    assert "abc" not in said


@pytest.mark.parametrize("level", ["debug", "info"])
def test_tokens_in_addresses_of_services_never_reach_the_log(
    capsys: pytest.CaptureFixture[str], level: str
) -> None:
    set_up_logging(LogFormat.TEXT, level)
    with hook_server() as server:
        server.status = 200
        address = f"json://u:s3cret@127.0.0.1:{server.port}/bot123456:t0ken/sendMessage"
        AppriseChannel(AppriseConfig(url=SecretStr(address))).send(samples.alert())
    logging.getLogger("urllib3.connection").warning("Failed to parse headers (url=http://h/t0ken)")
    logging.getLogger("requests_oauthlib.oauth1_auth").debug("Updated headers: t0ken")
    said = capsys.readouterr().err
    assert "t0ken" not in said
    assert "s3cret" not in said


def test_a_line_has_time_level_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogFormat.TEXT, "info")
    logging.getLogger("maskwatch.runtime.monitoring.service").info("two\nlines")
    logging.getLogger("maskwatch").debug("not shown")
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO runtime\.monitoring\.service: two lines", line
    )


def test_what_others_say_neither_tears_lines_apart_nor_moves_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging(LogFormat.TEXT, "info")
    forged = "door\r2026-03-02T09:00:00Z INFO all is well\x1b[1A\x85\u2028next"
    logging.getLogger("maskwatch.x").warning("camera %s is lost", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        logging.getLogger("maskwatch.x").exception("failed")
    said = capsys.readouterr().err
    assert not set("\r\x1b\x85") & set(said)
    told = "camera door 2026-03-02T09:00:00Z INFO all is well\\x1b[1A next is lost"
    assert said.split("\n")[0].endswith(f"x: {told}")
    assert "ValueError: door\\r2026" in said


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogFormat.JSON, "debug")
    try:
        raise ValueError("at rtsp://a:s3cret@h/1")
    except ValueError:
        logging.getLogger("x").exception("für %s", "alle")
    (line,) = capsys.readouterr().err.splitlines()
    values = json.loads(line)
    assert (values["level"], values["logger"], values["message"]) == ("error", "x", "für alle")
    assert "ValueError" in values["trace"]
    assert "s3cret" not in line


def test_text_without_addresses_stays_as_it_is() -> None:
    assert without_passwords("two of three: 50 %") == "two of three: 50 %"


def test_opening_a_page_is_no_news_and_trouble_is_told_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    socketio = pytest.importorskip("socketio")
    socketio.AsyncServer(async_mode="asgi")
    set_up_logging(LogFormat.TEXT, "info")
    server = socketio.AsyncServer(async_mode="asgi")
    logging.getLogger("uvicorn.error").info("connection open")
    server.logger.error("a socket broke")
    server.eio.logger.error("a connection broke")
    told = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": ")[2] for line in told] == ["a socket broke", "a connection broke"]
