"""docs/alerts.md says what is true."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from maskwatch.alerts.as_json import VERSION, alert_as_json
from maskwatch.alerts.channels.homeassistant import Topics
from maskwatch.alerts.channels.webhook import signature
from maskwatch.alerts.compose import MOST_EPISODES
from maskwatch.build.channels import CHANNELS
from maskwatch.config.alerts import AlertsConfig
from maskwatch.config.yaml import read_yaml
from maskwatch.store.records import DeliveryKind
from tests.alerts import samples


@pytest.fixture
def page(checkout: Path) -> str:
    return (checkout / "docs" / "alerts.md").read_text(encoding="utf-8")


def test_the_examples_are_valid(page: str) -> None:
    found = re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    sections = [AlertsConfig.model_validate(read_yaml(each)["alerts"]) for each in found]
    assert [len(section.channels) for section in sections] == [1, 4, 2]
    assert [step.after_s for step in sections[1].steps] == [0, 20, 900]


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def test_every_key_of_the_json_is_described(page: str) -> None:
    values = alert_as_json(samples.alert(photo=samples.jpeg()), with_photo=True)
    assert sorted(key for key in keys_of(values) if f"`{key}`" not in page) == []
    assert f"| `version` | {VERSION};" in page


def test_every_kind_of_message_and_of_channel_is_described(page: str) -> None:
    assert [kind for kind in DeliveryKind if f"| `{kind.value}` |" not in page] == []
    text = page.lower()
    assert [kind for kind in CHANNELS if kind not in text and kind != "email"] == []


def test_every_topic_is_described(page: str) -> None:
    topics = Topics("")
    told = [topics.status, topics.alert]
    told += [topics.of("NAME", what) for what in ("status", "state", "alert", "photo")]
    assert [each for each in told if f"| `{each.lstrip('/')}` |" not in page] == []


def test_the_length_of_a_digest_is_stated_as_it_is(page: str) -> None:
    assert f"A digest lists {MOST_EPISODES} episodes" in page


def test_the_receiver_of_the_example_refuses_what_strangers_send(page: str) -> None:
    """Everybody may send it something: it must not fail."""
    (code,) = re.findall(r"^```python\n(.*?)^# header =", page, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own documentation
    is_genuine, secret, now = names["is_genuine"], "shared by both of us", int(time.time())
    ours = signature(secret.encode(), now, b"{}")
    assert is_genuine(ours, b"{}", secret)
    assert not is_genuine(ours, b"{ }", secret)
    assert not is_genuine(signature(secret.encode(), now - 600, b"{}"), b"{}", secret)
    assert not is_genuine(ours.replace(str(now), str(now + 1)), b"{}", secret)
    for header in ("", "t=1", "v1=ab", "t=x,v1=ab", "?", f"t={now},v1=\u00fc", f"t={now},v1="):
        assert not is_genuine(header, b"{}", secret)
