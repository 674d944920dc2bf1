"""Every word of the pages is there in every language, and none is there in vain."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from maskwatch.config.cameras import Weekday
from maskwatch.errors import SourceError, StoreFull
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.store.records import DeletionReason, DeliveryState, HealthKind, HealthState, Role
from maskwatch.types import Fault, State
from maskwatch.web.refusals import WrongUse, said
from maskwatch.web.text import LANGUAGES, Words
from maskwatch.web.walks.values import Phase

WEB = Path(__file__).resolve().parents[2] / "src" / "maskwatch" / "web"
TEXTS = {
    language: json.loads((WEB / "text" / f"{language}.json").read_text(encoding="utf-8"))
    for language in LANGUAGES
}
_KEY = re.compile(r"""["'](\w+\.\w+)["']""")


DELETED = {
    *("snapshot", "clear_photo", "episode", "people", "people_buckets", "readings", "health"),
    "deliveries",
}


def audit_actions() -> set[str]:
    """What the code writes into the audit log, as second argument of ``audit.append``."""
    found = set()
    for path in WEB.parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("audit.append"):
                found |= {
                    each.value
                    for each in ast.walk(call.args[1])
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
    return found


def used_in_code() -> set[str]:
    """Keys that stand in the code as they are, and those that it puts together."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in WEB.rglob("*.py"))
    keys = {key for key in _KEY.findall(text) if key in TEXTS["en"] or key.split(".")[0] == "nav"}
    for kind, members in (
        ("role", Role),
        ("phase", CameraPhase),
        ("delivery", DeliveryState),
        ("walk", Phase),
        ("day", Weekday),
        ("health", HealthKind),
        ("deletion", DeletionReason),
        ("condition", HealthState),
    ):
        keys |= {f"{kind}.{member.value}" for member in members}
    keys |= {
        f"overview.{each}" for each in ("today", "days7", "days30", "days90", "custom", "before")
    }
    keys |= {f"overview.by_{each}" for each in ("hour", "day", "week", "month")}
    keys |= {f"overview.by_{each}" for each in ("hour_of_day", "camera", "zone", "fault")}
    for kind, codes in (
        ("audit", audit_actions()),
        ("deleted", DELETED),
    ):
        keys |= {f"{kind}.{code}" for code in codes}
    keys |= {f"cameras.zone_{each}" for each in ("include", "exclude")}
    keys |= {f"schedule.{each}" for each in ("inherit", "always", "hours")}
    return keys | {"review.wrong", "review.uncertain"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_keys_and_values_of_english(language: str) -> None:
    assert set(TEXTS[language]) == set(TEXTS["en"])
    for key, text in TEXTS[language].items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", TEXTS["en"][key]))
        assert text.strip()


def test_every_key_that_is_used_is_there() -> None:
    calls = re.compile(r'words\(\s*"([\w.]+)"')
    for path in WEB.rglob("*.py"):
        for key in calls.findall(path.read_text(encoding="utf-8")):
            assert key in TEXTS["en"], f"{path.name}: {key}"


def test_every_refusal_has_words() -> None:
    keys = {
        key
        for path in WEB.rglob("*.py")
        for key in re.findall(r'"(refused\.\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(keys) > 20
    assert keys <= set(TEXTS["en"])


def test_a_refusal_is_said_in_the_readers_language_and_to_programs_in_english() -> None:
    error = WrongUse("refused.password_short", count=12)
    assert str(error) == "the password needs at least 12 characters"
    assert said(error, Words.of("de")) == "das Passwort braucht mindestens 12 Zeichen"
    assert said(StoreFull("no room"), Words.of("de")) == "auf dem Datenträger ist kein Platz mehr"
    assert said(SourceError("rtsp://h", "timed out"), Words.of("de")) == "rtsp://h: timed out"


def test_no_key_is_there_in_vain() -> None:
    assert set(TEXTS["en"]) - used_in_code() == set()


def test_every_code_of_the_logs_has_a_word() -> None:
    for action in audit_actions():
        assert f"audit.{action}" in TEXTS["en"]


def test_states_and_faults_have_a_capital() -> None:
    assert Words.of("en").what(State.INCORRECT, Fault.NOSE_OUT) == "Nose out"
    assert Words.of("de").what(State.UNKNOWN) == "Unklar"


def test_a_code_of_another_version_is_shown_as_it_is() -> None:
    words = Words.of("de")
    assert words.code("audit", "camera.added") == "Kamera hinzugefügt"
    assert words.code("audit", "camera.painted") == "camera.painted"


def test_the_language_is_the_first_that_the_browser_asks_for_and_we_have() -> None:
    assert Words.accepted("fr-FR,de-AT;q=0.8,en;q=0.5", "en").language == "de"
    assert Words.accepted("fr", "de").language == "de"
    assert Words.of("xx").language == "en"


@pytest.mark.parametrize(
    ("share", "english", "german"),
    [
        (None, "–", "–"),  # noqa: RUF001 - the dash is meant
        (0.0, "0.0 %", "0,0 %"),
        (1 / 5000, "< 0.1 %", "< 0,1 %"),
        (1 / 200, "0.5 %", "0,5 %"),
        (0.9306, "93.1 %", "93,1 %"),
        (199 / 200, "99.5 %", "99,5 %"),
        (4999 / 5000, "> 99.9 %", "> 99,9 %"),
        (1.0, "100.0 %", "100,0 %"),
    ],
)
def test_a_share_says_nobody_and_everybody_only_when_it_is_so(
    share: float | None, english: str, german: str
) -> None:
    assert (Words.of("en").percent(share), Words.of("de").percent(share)) == (english, german)


def test_numbers_are_written_as_the_language_does_and_nothing_is_not_negative() -> None:
    assert Words.of("de").number(-3.14159, 2) == "-3,14"
    assert Words.of("de").number(2.5, None) == "2,5"
    assert Words.of("en").number(-0.01, signed=True) == "+0.0"
