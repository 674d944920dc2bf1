from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from maskwatch.alerts.as_json import alert_as_json
from maskwatch.alerts.compose import Wording, compose
from maskwatch.alerts.links import LinkAction, read_link
from maskwatch.store.records import DeliveryKind
from maskwatch.types import State
from tests.alerts import samples
from tests.alerts.samples import NOON, WORDING, delivery, episode


def test_a_violation_is_told_in_words_and_local_time() -> None:
    about = episode(started_at=datetime(2026, 7, 1, 10, 0, 5, tzinfo=UTC))
    alert = compose([delivery(about)], [about], None, WORDING, NOON)
    assert alert.title == "Door 1: nose out"
    assert alert.text == (
        "Nose out at Door 1, since 2026-07-01 12:00:05 CEST.\n"
        "Coverage: 12 %.\n"
        "What helps: pull the mask up over your nose."
    )
    assert alert.camera == "Door 1"


def test_what_is_over_when_it_is_told_is_told_as_over() -> None:
    over = replace(episode(), ended_at=NOON + timedelta(minutes=4))
    alert = compose([delivery(over)], [over], None, WORDING, NOON + timedelta(hours=18))
    said = "Nose out at Door 1, from 2026-03-02 12:00:00 CET until 2026-03-02 12:04:00 CET."
    assert alert.text.splitlines()[0] == said


def test_a_message_about_several_steps_is_of_the_highest() -> None:
    about = [episode(), episode()]
    rows = [replace(delivery(each), stage=stage) for each, stage in zip(about, (1, 3), strict=True)]
    assert compose(rows, about, None, WORDING, NOON).stage == 3


def test_somebody_without_a_mask_is_advised_to_put_one_on() -> None:
    about = replace(episode(state=State.NO_MASK, fault=None), coverage=None, zone="left lane")
    alert = compose([delivery(about)], [about], None, WORDING, NOON)
    assert alert.title == "Door 1: no mask"
    assert alert.text.startswith("No mask at Door 1, left lane, since ")
    assert alert.text.endswith("\nWhat helps: put on a mask.")
    assert "Coverage" not in alert.text


def test_links_are_signed_for_the_reader_and_expire() -> None:
    about = episode()
    alert = compose([delivery(about, recipient="ann@x.org")], [about], None, WORDING, NOON)
    links, maker = alert.episodes[0].links, WORDING.links
    assert links is not None
    assert maker is not None
    for url, action in [
        (links.view, LinkAction.VIEW),
        (links.acknowledge, LinkAction.ACKNOWLEDGE),
        (links.wrong, LinkAction.WRONG),
    ]:
        token = url.removeprefix("https://m.example.org/a/")
        claim = read_link(token, maker.secret, NOON)
        assert (claim.action, claim.episode_id) == (action, about.id)
        assert claim.recipient == "ann@x.org"
        assert claim.expires_at == NOON + timedelta(days=7)


def test_without_an_address_of_the_dashboard_there_are_no_links() -> None:
    about = episode()
    alert = compose([delivery(about)], [about], None, Wording(samples.BERLIN), NOON)
    assert alert.episodes[0].links is None
    assert alert_as_json(alert, with_photo=True)["episodes"][0]["links"] is None


def test_several_rows_become_a_digest_without_a_photo() -> None:
    about = [episode("Door 1"), episode("Gate"), episode("Gate")]
    rows = [delivery(each) for each in about]
    alert = compose(rows, about, samples.jpeg(), WORDING, NOON)
    assert alert.kind is DeliveryKind.DIGEST
    assert alert.title == "3 violations: Door 1, Gate"
    assert alert.text.splitlines()[1] == "2026-03-02 12:00:00 CET Gate: nose out"
    assert alert.photo is None
    assert alert.camera is None


def test_a_digest_tells_the_two_hours_apart_that_a_clock_shows_when_summer_time_ends() -> None:
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    about = [episode(started_at=at), episode(started_at=at + timedelta(hours=1))]
    alert = compose([delivery(each) for each in about], about, None, WORDING, NOON)
    assert [line.partition(" Door")[0] for line in alert.text.splitlines()] == [
        "2026-10-25 02:30:00 CEST",
        "2026-10-25 02:30:00 CET",
    ]


def test_a_digest_of_one_reads_like_the_message_it_was() -> None:
    about = episode()
    alert = compose([delivery(about, DeliveryKind.DIGEST)], [about], b"jpeg", WORDING, NOON)
    assert (alert.title, alert.photo) == ("Door 1: nose out", b"jpeg")


def test_a_long_digest_says_what_it_leaves_out() -> None:
    about = [episode(f"Door {i % 5}") for i in range(40)]
    alert = compose([delivery(each) for each in about], about, None, WORDING, NOON)
    assert alert.title == "40 violations: Door 0, Door 1, Door 2 and 2 more"
    assert len(alert.episodes) == 30
    assert alert.omitted == 10
    assert alert.text.splitlines()[-1] == "and 10 more"


def test_the_id_is_that_of_the_row_or_of_the_message_that_it_is_in() -> None:
    about = [episode(), episode()]
    rows = [replace(delivery(each), message_id="m" * 32) for each in about]
    alone = replace(rows[0], message_id=None)
    assert compose([alone], about[:1], None, WORDING, NOON).id == rows[0].id
    assert compose(rows, about, None, WORDING, NOON).id == "m" * 32
    assert compose(rows[:1], about[:1], None, WORDING, NOON).id == "m" * 32


def test_a_camera_in_trouble_is_named_with_the_reason_and_since_when() -> None:
    row = replace(delivery(None, DeliveryKind.CAMERA_HEALTH, reason="timed out"), camera="Gate")
    alert = compose([row], [], None, WORDING, NOON + timedelta(hours=9))
    told = "Gate: timed out, since 2026-03-02 12:00:00 CET."
    assert (alert.title, alert.text, alert.notes) == ("Gate: timed out", told, (told,))
    both = compose([row, row], [], None, WORDING, NOON)
    assert both.title == "2 messages about cameras"


def test_a_message_about_episodes_and_cameras_names_both_in_its_title() -> None:
    about = [episode("Door 1"), episode("Gate")]
    trouble = delivery(None, DeliveryKind.CAMERA_HEALTH, reason="timed out")
    rows = [*(delivery(each) for each in about), replace(trouble, camera="Yard")]
    one = compose([rows[0], rows[2]], about[:1], None, WORDING, NOON)
    assert one.title == "Door 1: nose out; Yard: timed out"
    both = compose([*rows, rows[2]], about, None, WORDING, NOON)
    assert both.title == "2 violations: Door 1, Gate; 2 messages about cameras"


def test_a_test_message_says_that_it_is_one() -> None:
    alert = samples.message_to_try()
    assert alert.title == "Test message"
    assert "This channel works" in alert.text


def test_every_value_of_the_json_is_what_json_knows() -> None:
    values = alert_as_json(samples.alert(photo=samples.jpeg()), with_photo=True)
    assert json.loads(json.dumps(values)) == values
