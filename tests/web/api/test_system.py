"""The box: how it is doing, its models, messages and channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery, DeliveryKind, DeliveryState
from tests.web.made_up import episode
from tests.web.world import World


def test_system_says_how_the_box_is_doing(admin: TestClient) -> None:
    state = admin.get("/api/v1/system").json()
    assert state["inference"]["device"] == "cpu"
    assert [each["camera"] for each in state["cameras"]] == ["entrance", "ward 3", "canteen"]
    assert state["disk"]["free_bytes"] > 0


@pytest.mark.parametrize(("name", "sees"), [("vera", False), ("ravi", False), ("anna", True)])
def test_what_is_wrong_with_a_configuration_is_for_administrators(
    as_user: Callable[[str], TestClient], world: World, name: str, sees: bool
) -> None:
    why = "web.port = many: input should be a valid integer"
    world.service.config_error = why
    said = as_user(name).get("/api/v1/system").json()["service"]["config_error"]
    assert said == (why if sees else "refused")


def test_of_a_configuration_that_is_refused_the_audit_log_keeps_no_word(
    admin: TestClient, world: World
) -> None:
    world.service.config_error = "web.port = many: input should be a valid integer"
    answer = admin.post("/api/v1/system/reload").json()
    assert answer["problems"] == [world.service.config_error]
    assert world.store.audit.page(limit=1)[0].detail == {"accepted": False, "problems": 1}


def test_the_cards_are_those_of_the_models_that_run(admin: TestClient, world: World) -> None:
    kinds = [card["kind"] for card in admin.get("/api/v1/system/models").json()]
    assert kinds == ["face_detector", "mask_classifier"]
    world.service.cards = [replace(world.service.cards[1], name="our own", version="7")]
    shown = admin.get("/api/v1/system/models").json()
    assert [(card["name"], card["version"]) for card in shown] == [("our own", "7")]


def test_a_message_that_was_given_up_gets_another_chance(admin: TestClient, world: World) -> None:
    dead = Delivery(new_id(), None, DeliveryKind.TEST, "door", state=DeliveryState.DEAD, attempts=9)
    world.store.deliveries.add([dead])
    answer = admin.post(f"/api/v1/deliveries/{dead.id}/retry")
    assert answer.json()["state"] == "pending"


def test_a_message_whose_channel_is_gone_gets_no_other_chance(
    admin: TestClient, world: World
) -> None:
    dead = Delivery(new_id(), None, DeliveryKind.TEST, "mail", state=DeliveryState.DEAD)
    world.store.deliveries.add([dead])
    answer = admin.post(f"/api/v1/deliveries/{dead.id}/retry")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no channel is called 'mail'")
    assert world.store.deliveries.get(dead.id).state is DeliveryState.DEAD


@pytest.mark.parametrize(("name", "sees"), [("vera", False), ("ravi", False), ("anna", True)])
def test_addresses_of_recipients_are_for_administrators(
    as_user: Callable[[str], TestClient], world: World, name: str, sees: bool
) -> None:
    made, address = episode(world), "officer@hospital.test"
    sent = Delivery(
        *(new_id(), made.id, DeliveryKind.VIOLATION, "mail", address),
        last_error=f"recipient refused: 550 <{address.upper()}> {address} is unknown",
    )
    world.store.deliveries.add([sent])
    client = as_user(name)
    answers = [
        client.get(f"/api/v1/{each}")
        for each in ("deliveries", f"deliveries/{sent.id}", f"episodes/{made.id}")
    ]
    assert [each.status_code for each in answers] == [200] * 3
    assert [address in each.text.lower() for each in answers] == [sees] * 3
    assert ["is unknown" in each.text for each in answers] == [True] * 3


def test_a_channel_is_tried_and_says_what_became_of_it(admin: TestClient, world: World) -> None:
    told = admin.get("/api/v1/channels").json()
    assert told == [
        {"name": "infection control", "kind": "email", "recipients": 2},
        {"name": "door", "kind": "mqtt", "recipients": 1},
    ]
    queued = admin.post("/api/v1/channels/infection control/test")
    assert queued.status_code == 202
    found = [admin.get(f"/api/v1/deliveries/{each['id']}").json() for each in queued.json()]
    assert [(each["kind"], each["recipient"], each["state"]) for each in found] == [
        ("test", "0@hospital.test", "sent"),
        ("test", "1@hospital.test", "sent"),
    ]
    [lost] = admin.post("/api/v1/channels/door/test").json()
    assert (lost["state"], lost["last_error"]) == ("dead", "the broker refused the login")
    assert admin.post("/api/v1/channels/nowhere/test").status_code == 404
    assert admin.get("/api/v1/deliveries/nothing").status_code == 404
    tried = [each for each in world.store.audit.page() if each.action == "channel.tested"]
    assert [each.subject for each in tried] == ["door", "infection control"]
