"""Messages in the language of the configuration; `web` has its own words, in the same way."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from maskwatch.alerts import text
from maskwatch.alerts.base import Alert
from maskwatch.alerts.channels.email import mail_of
from maskwatch.alerts.compose import compose
from maskwatch.alerts.service import AlertSettings
from maskwatch.config.root import parse_config
from maskwatch.store.records import DeliveryKind
from maskwatch.words import LANGUAGES, Language
from tests.alerts import samples

FOLDER = Path(text.__file__).parent
TEXTS = {
    language: json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    for language in LANGUAGES
}


def german(count: int = 1, kind: DeliveryKind = DeliveryKind.VIOLATION) -> Alert:
    about = [samples.episode(track=number) for number in range(count)]
    rows = [samples.delivery(each, kind, "ann@example.org") for each in about]
    rows = rows or [samples.delivery(None, kind, "ann@example.org")]
    wording = replace(samples.WORDING, language=Language.GERMAN, site="Station 3")
    return compose(rows, about, samples.jpeg(), wording, samples.NOON)


def bodies(mail: EmailMessage) -> tuple[str, str]:
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    return html.get_content(), plain.get_content()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_keys_and_values_of_english(language: str) -> None:
    assert set(TEXTS[language]) == set(TEXTS["en"])
    for key, said in TEXTS[language].items():
        assert set(re.findall(r"{\w+}", said)) == set(re.findall(r"{\w+}", TEXTS["en"][key]))
        assert said.strip()


def test_no_key_is_there_in_vain() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in FOLDER.parent.rglob("*")
        if path.suffix in (".py", ".html")
    )
    assert set(re.findall(r"""words\(\s*['"]([\w.]+)['"]""", code)) == set(TEXTS["en"])


def test_a_violation_is_told_in_german() -> None:
    alert = german()
    assert alert.title == "Door 1: Nase frei"
    assert alert.text == (
        "Nase frei: Door 1, seit 2026-03-02 12:00:00 CET.\n"
        "Bedeckung: 12 %.\nWas hilft: die Maske über die Nase ziehen."
    )
    mail = mail_of(alert, "m@example.org")
    html, plain = bodies(mail)
    assert mail["Content-Language"] == "de"
    assert mail["Subject"] == "[Station 3] Door 1: Nase frei"
    assert '<html lang="de">' in html
    for said in ("Ich kümmere mich darum", "Das stimmt nicht", "Ansehen"):
        assert said in html
        assert said in plain


def test_no_english_word_is_left_in_a_german_mail() -> None:
    ours = re.compile(r"\b(?:the|and|since|coverage|acknowledge|wrong|photo|sent|by|look|helps)\b")
    for alert in (german(), german(40), german(0, DeliveryKind.TEST)):
        for said in bodies(mail_of(alert, "m@example.org")):
            visible = re.sub(r"<style>.*?</style>|<[^>]*>|https?://\S+", " ", said, flags=re.DOTALL)
            assert ours.findall(visible.lower()) == []


def test_a_digest_is_told_in_german() -> None:
    alert = german(40)
    assert alert.title == "40 Verstöße: Door 1"
    assert alert.text.endswith("und 10 weitere")


@pytest.mark.parametrize(
    ("given", "expected"),
    [("", "en"), ("web: {language: de}", "de"), ("alerts: {language: de}", "de")],
)
def test_messages_have_the_language_of_the_dashboard_unless_told_otherwise(
    given: str, expected: str
) -> None:
    assert AlertSettings.of(parse_config(given, "test")).language == expected
