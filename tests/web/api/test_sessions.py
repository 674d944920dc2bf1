"""Logging in and out, the first start, tokens: who gets in, and who does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from maskwatch.errors import AccessDenied, NotLoggedIn, StoreFull
from maskwatch.store.records import Role, UserRecord
from maskwatch.web import identity
from maskwatch.web.actions import users
from maskwatch.web.app import create_app, setup_url
from maskwatch.web.identity import FirstStart, Visitor
from maskwatch.web.security.passwords import check_password, hash_password
from maskwatch.web.security.scopes import scopes_of
from maskwatch.web.security.secrets import hash_secret
from tests.web.made_up import episode
from tests.web.world import NOW, PASSWORD, World, log_in, make_world

VISITOR = Visitor("198.51.100.7", "browser")


def test_administrators_see_who_has_logged_in_and_when(admin: TestClient) -> None:
    seen = {each["name"]: each["last_login_at"] for each in admin.get("/api/v1/users").json()}
    assert (seen["anna"], seen["vera"]) == (NOW.isoformat().replace("+00:00", "Z"), None)


def test_a_wrong_password_and_a_wrong_name_get_the_same_answer(anonymous: TestClient) -> None:
    wrong = [
        anonymous.post("/api/v1/session", json={"name": name, "password": "not this one"})
        for name in ("anna", "nobody")
    ]
    assert [each.status_code for each in wrong] == [401, 401]
    assert wrong[0].json() == wrong[1].json()
    assert not anonymous.cookies


def test_the_store_holds_no_usable_session(admin: TestClient, world: World) -> None:
    secret = admin.cookies[world.web.cookie.name]
    user = world.store.users.by_name("anna")
    assert user is not None
    [session] = world.store.sessions.of_user(user.id)
    assert session.token_hash == hash_secret(secret) != secret


def test_a_session_ends_at_its_time(world: World) -> None:
    now = [NOW]
    web = replace(world.web, now=lambda: now[0])
    with TestClient(create_app(web, dashboard=False)) as client:
        assert log_in(client) == 200
        # Used all the time, so it is never idle; the absolute end comes all the same.
        for hour in range(12):
            now[0] = NOW + timedelta(hours=hour)
            assert client.get("/api/v1/me").status_code == 200
        now[0] = NOW + timedelta(hours=12, seconds=1)
        assert client.get("/api/v1/me").status_code == 401


def test_an_idle_session_ends_earlier(world: World) -> None:
    now = [NOW]
    web = replace(world.web, now=lambda: now[0])
    with TestClient(create_app(web, dashboard=False)) as client:
        assert log_in(client) == 200
        now[0] = NOW + timedelta(hours=2, seconds=1)
        assert client.get("/api/v1/me").status_code == 401


def test_a_session_of_a_clock_that_was_ahead_does_not_last_for_years(world: World) -> None:
    now = [NOW + timedelta(days=4000)]
    web = replace(world.web, now=lambda: now[0])
    with TestClient(create_app(web, dashboard=False)) as client:
        assert log_in(client) == 200
        now[0] = NOW
        assert client.get("/api/v1/me").status_code == 401


def test_logging_out_ends_the_session_for_good(admin: TestClient, world: World) -> None:
    secret = admin.cookies[world.web.cookie.name]
    assert admin.delete("/api/v1/session").status_code == 204
    admin.cookies.set(world.web.cookie.name, secret)
    assert admin.get("/api/v1/me").status_code == 401


def test_a_disabled_user_is_out_at_once(
    anonymous: TestClient, as_user: Callable[[str], TestClient], world: World
) -> None:
    client = as_user("vera")
    user = world.store.users.by_name("vera")
    assert user is not None
    world.store.users.replace(replace(user, disabled_at=NOW))
    assert client.get("/api/v1/me").status_code == 401
    assert log_in(client, "vera") == 401


# --- the first start


def fresh(tmp_path: Path) -> tuple[World, TestClient, str]:
    world = make_world(tmp_path)
    app = create_app(world.web, dashboard=False)
    url = setup_url(app, "http://box:8080")
    assert url is not None
    assert url.startswith("http://box:8080/setup/")
    return world, TestClient(app), url.rsplit("/", 1)[1]


def test_the_set_up_link_makes_one_administrator_and_then_nothing_more(tmp_path: Path) -> None:
    world, client, secret = fresh(tmp_path)
    body = {"secret": secret, "name": "anna", "password": PASSWORD}
    answer = client.post("/api/v1/setup", json=body)
    assert answer.status_code == 201
    assert answer.json()["role"] == "admin"
    assert client.get("/api/v1/me").json()["name"] == "anna"
    again = client.post("/api/v1/setup", json={**body, "name": "eve"})
    assert again.status_code == 403
    assert world.store.users.count() == 1
    world.store.close()


def test_the_set_up_link_still_works_when_there_was_no_room_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, client, secret = fresh(tmp_path)
    body = {"secret": secret, "name": "anna", "password": PASSWORD}

    def full(*_: object) -> None:
        raise StoreFull("no room left on the disk")

    with monkeypatch.context() as patched:
        patched.setattr(world.store.audit, "append", full)
        assert client.post("/api/v1/setup", json=body).status_code == 507
    assert world.store.users.count() == 0
    assert client.post("/api/v1/setup", json=body).status_code == 201
    world.store.close()


def test_the_set_up_link_makes_nobody_with_an_easy_password(tmp_path: Path) -> None:
    world, client, secret = fresh(tmp_path)
    body = {"secret": secret, "name": "anna", "password": "anna-anna-anna"}
    assert client.post("/api/v1/setup", json=body).status_code == 422
    assert world.store.users.count() == 0
    assert client.post("/api/v1/setup", json={**body, "password": PASSWORD}).status_code == 201
    world.store.close()


@pytest.mark.parametrize("name", ["system", "Anonymous"])
def test_nobody_is_called_what_the_audit_log_calls_others(tmp_path: Path, name: str) -> None:
    world, client, secret = fresh(tmp_path)
    body = {"secret": secret, "name": name, "password": PASSWORD}
    assert client.post("/api/v1/setup", json=body).status_code == 422
    answer = client.post("/api/v1/setup", json={**body, "name": "anna"})
    new = {"name": f"{name} ", "password": "nine loud pianos"}
    headers = {"X-CSRF-Token": answer.json()["csrf"]}
    assert client.post("/api/v1/users", json=new, headers=headers).status_code == 422
    world.add_user(name, Role.VIEWER)  # by an older version
    assert log_in(TestClient(client.app), name) == 200
    world.store.close()


def test_a_guessed_set_up_link_makes_nobody(tmp_path: Path) -> None:
    world, client, secret = fresh(tmp_path)
    body = {"secret": secret[:-1] + "!", "name": "eve", "password": PASSWORD}
    assert client.post("/api/v1/setup", json=body).status_code == 403
    assert world.store.users.count() == 0
    world.store.close()


def test_the_set_up_link_gets_too_old(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    seconds = [1000.0]
    first = FirstStart(world.web, lambda: seconds[0])
    secret = first.open() or ""
    seconds[0] += 24 * 3600 - 1
    assert first.is_valid(secret)
    seconds[0] += 2
    assert not first.is_valid(secret)
    with pytest.raises(AccessDenied):
        first.finish(secret, "anna", PASSWORD, VISITOR)
    world.store.close()


def test_a_set_up_link_that_is_used_up_while_it_is_looked_at_is_over(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    looks = count()

    def clock() -> float:
        if next(looks) == 1:  # `open` has looked before, `is_valid` looks now
            first.finish(secret, "anna", PASSWORD, VISITOR)
        return 0.0

    first = FirstStart(world.web, clock)
    secret = first.open() or ""
    first.is_valid(secret)  # it was when it was asked
    assert not first.is_valid(secret)
    assert world.store.users.count() == 1
    world.store.close()


def test_the_set_up_link_survives_that_the_network_tells_a_new_box_the_time(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path)
    now = [datetime(1970, 1, 1, tzinfo=UTC)]
    app = create_app(replace(world.web, now=lambda: now[0]), dashboard=False)
    secret = (setup_url(app, "http://box") or "").rsplit("/", 1)[1]
    now[0] = NOW
    body = {"secret": secret, "name": "anna", "password": PASSWORD}
    assert TestClient(app).post("/api/v1/setup", json=body).status_code == 201
    world.store.close()


def test_there_is_no_set_up_link_once_there_are_users(world: World) -> None:
    assert setup_url(create_app(world.web, dashboard=False), "http://box") is None


def test_there_is_no_default_password(tmp_path: Path) -> None:
    world, client, _ = fresh(tmp_path)
    for name, password in (("admin", "admin"), ("admin", ""), ("maskwatch", "maskwatch")):
        assert log_in(client, name, password) == 401
    world.store.close()


# --- tokens


def token_for(client: TestClient, *scopes: str, expires_at: str | None = None) -> str:
    body = {"name": "program", "scopes": list(scopes), "expires_at": expires_at}
    answer = client.post("/api/v1/tokens", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def with_token(client: TestClient, token: str) -> TestClient:
    return TestClient(client.app, headers={"Authorization": f"Bearer {token}"})


def test_a_token_may_do_what_it_was_made_for_and_nothing_else(admin: TestClient) -> None:
    program = with_token(admin, token_for(admin, "episodes:read"))
    assert program.get("/api/v1/episodes").status_code == 200
    assert program.get("/api/v1/users").status_code == 403
    assert program.get("/api/v1/system").status_code == 403


def test_a_token_needs_no_csrf_header(admin: TestClient) -> None:
    program = with_token(admin, token_for(admin, "system:write"))
    assert program.post("/api/v1/system/reload").status_code == 200


def test_a_token_makes_no_tokens_and_changes_no_password(admin: TestClient) -> None:
    program = with_token(admin, token_for(admin, "users", "episodes:read"))
    body = {"name": "more", "scopes": ["users"]}
    assert program.post("/api/v1/tokens", json=body).status_code == 403
    change = {"current_password": PASSWORD, "new_password": "another good one 7"}
    assert program.patch("/api/v1/me", json=change).status_code == 403


def test_a_token_touches_neither_the_other_tokens_nor_the_language_of_its_user(
    admin: TestClient,
) -> None:
    other = with_token(admin, token_for(admin, "episodes:read"))
    program = with_token(admin, token_for(admin, "live"))
    for token in admin.get("/api/v1/tokens").json():
        assert program.delete(f"/api/v1/tokens/{token['id']}").status_code == 403
    assert program.get("/api/v1/tokens").status_code == 403
    assert program.patch("/api/v1/me", json={"language": "de"}).status_code == 403
    assert other.get("/api/v1/episodes").status_code == 200
    assert admin.get("/api/v1/me").json()["language"] == "en"


def test_a_token_for_users_ends_tokens(admin: TestClient) -> None:
    program = with_token(admin, token_for(admin, "users"))
    ended = with_token(admin, token_for(admin, "episodes:read"))
    [token] = [
        each for each in program.get("/api/v1/tokens").json() if each["scopes"] == ["episodes:read"]
    ]
    assert program.delete(f"/api/v1/tokens/{token['id']}").status_code == 204
    assert ended.get("/api/v1/episodes").status_code == 401


def test_a_token_for_users_makes_nobody_who_may_do_more_than_itself(
    admin: TestClient, world: World
) -> None:
    anna, ravi, vera = (world.store.users.by_name(name) for name in ("anna", "ravi", "vera"))
    assert anna is not None
    assert ravi is not None
    assert vera is not None
    viewer = sorted(scopes_of(Role.VIEWER))
    program = with_token(admin, token_for(admin, "users", *viewer))

    def change(user: UserRecord, **body: object) -> int:
        return program.patch(f"/api/v1/users/{user.id}", json=body).status_code

    refused = [
        change(anna, password="seven warm melons"),  # noqa: S106
        change(anna, role="viewer"),
        change(vera, password="seven warm melons"),  # noqa: S106
        change(vera, role="admin"),
        change(ravi, disabled=False),
        change(ravi, role="reviewer", disabled=True),
    ]
    assert refused == [403] * len(refused)
    new = {"name": "nils", "password": "nine loud pianos"}
    for role, status in (("reviewer", 403), ("viewer", 201)):
        assert program.post("/api/v1/users", json={**new, "role": role}).status_code == status
    assert [change(ravi, disabled=True), change(ravi, role="viewer")] == [200, 200]
    assert [log_in(TestClient(admin.app), name) for name in ("anna", "vera")] == [200, 200]
    narrow = with_token(admin, token_for(admin, "users"))
    answer = narrow.post("/api/v1/users", json={**new, "name": "nora", "role": "viewer"})
    assert answer.json()["detail"] == f"this needs the permission {', '.join(viewer)}"


def test_nobody_gets_a_token_for_more_than_the_own_role(
    as_user: Callable[[str], TestClient],
) -> None:
    viewer = as_user("vera")
    body = {"name": "more", "scopes": ["users"]}
    assert viewer.post("/api/v1/tokens", json=body).status_code == 403


def test_a_token_loses_what_its_user_loses(admin: TestClient, world: World) -> None:
    program = with_token(admin, token_for(admin, "users"))
    assert program.get("/api/v1/users").status_code == 200
    user = world.store.users.by_name("anna")
    assert user is not None
    world.store.users.replace(replace(user, role=Role.VIEWER))
    assert program.get("/api/v1/users").status_code == 403


def test_a_revoked_token_is_useless(admin: TestClient) -> None:
    program = with_token(admin, token_for(admin, "episodes:read"))
    [token] = admin.get("/api/v1/tokens").json()
    assert admin.delete(f"/api/v1/tokens/{token['id']}").status_code == 204
    assert program.get("/api/v1/episodes").status_code == 401


def test_an_expired_token_is_useless(world: World) -> None:
    now = [NOW]
    web = replace(world.web, now=lambda: now[0])
    with TestClient(create_app(web, dashboard=False)) as client:
        log_in(client)
        end = (NOW + timedelta(hours=1)).isoformat()
        program = with_token(client, token_for(client, "episodes:read", expires_at=end))
        assert program.get("/api/v1/episodes").status_code == 200
        now[0] = NOW + timedelta(hours=1, seconds=1)
        assert program.get("/api/v1/episodes").status_code == 401


def test_what_is_done_by_token_is_under_the_name_of_its_user(
    as_user: Callable[[str], TestClient], world: World
) -> None:
    made = episode(world)
    for name in ("anna", "ravi"):
        client = as_user(name)
        program = with_token(client, token_for(client, "episodes:read"))
        assert program.get(f"/api/v1/episodes/{made.id}").status_code == 200
    actors = [each.actor for each in world.store.audit.about([made.id])]
    assert actors == ["token:ravi/program", "token:anna/program"]


def test_a_token_is_shown_once_and_kept_as_a_hash(admin: TestClient) -> None:
    token = token_for(admin, "episodes:read")
    assert token not in admin.get("/api/v1/tokens").text


# --- passwords of oneself and of others


def test_a_new_password_ends_the_other_sessions(admin: TestClient) -> None:
    other = TestClient(admin.app)
    assert log_in(other) == 200
    new = "seven warm melons"
    change = {"current_password": PASSWORD, "new_password": new}
    assert admin.patch("/api/v1/me", json=change).status_code == 200
    assert admin.get("/api/v1/me").status_code == 200
    assert other.get("/api/v1/me").status_code == 401
    assert log_in(other, password=new) == 200


def test_an_easy_password_is_refused_whoever_gets_it(admin: TestClient, world: World) -> None:
    vera = world.store.users.by_name("vera")
    assert vera is not None
    new = {"name": "nils", "password": "nils-nils-nils", "role": "viewer"}
    own = {"current_password": PASSWORD, "new_password": "anna-anna-anna"}
    answers = [
        admin.post("/api/v1/users", json=new),
        admin.patch(f"/api/v1/users/{vera.id}", json={"password": "vera-vera-vera"}),
        admin.patch("/api/v1/me", json=own),
    ]
    assert [each.status_code for each in answers] == [422] * 3
    assert world.store.users.by_name("nils") is None
    assert [log_in(TestClient(admin.app), name) for name in ("anna", "vera")] == [200] * 2


def test_while_a_stranger_guesses_one_can_change_the_own_password(admin: TestClient) -> None:
    stranger = TestClient(admin.app)
    assert [log_in(stranger, password="wrong wrong wrong") for _ in range(6)] == [401] * 5 + [429]  # noqa: S106
    change = {"current_password": PASSWORD, "new_password": "seven warm melons"}
    assert admin.patch("/api/v1/me", json=change).status_code == 200


def test_who_guesses_the_own_password_in_a_session_is_told_to_wait(admin: TestClient) -> None:
    def change(current: str) -> Response:
        body = {"current_password": current, "new_password": "seven warm melons"}
        return admin.patch("/api/v1/me", json=body)

    assert [change("wrong wrong wrong").status_code for _ in range(5)] == [403] * 5
    answer = change(PASSWORD)
    assert (answer.status_code, answer.json()["title"]) == (429, "too many requests")
    assert int(answer.headers["retry-after"]) > 0
    assert log_in(TestClient(admin.app)) == 200  # nobody else has to wait for it


def test_a_password_from_an_administrator_ends_sessions_and_tokens(
    admin: TestClient, world: World
) -> None:
    viewer = TestClient(admin.app)
    log_in(viewer, "vera")
    program = with_token(viewer, token_for(viewer, "episodes:read"))
    assert program.get("/api/v1/episodes").status_code == 200
    user = world.store.users.by_name("vera")
    assert user is not None
    address = f"/api/v1/users/{user.id}"
    assert admin.patch(address, json={"role": "viewer"}).status_code == 200
    assert program.get("/api/v1/episodes").status_code == 200
    assert admin.patch(address, json={"password": "seven warm melons"}).status_code == 200
    assert viewer.get("/api/v1/me").status_code == 401
    assert program.get("/api/v1/episodes").status_code == 401
    (token,) = world.store.tokens.of_user(user.id)
    (revoked, *_) = world.store.audit.about([token.id])
    assert (revoked.actor, revoked.action) == ("anna", "token.revoked")


def test_a_password_that_is_replaced_while_it_is_checked_opens_no_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The administrator is quicker than whoever logs in with the old one."""
    admin = replace(world.principal("anna"), session_hash="of another browser")
    vera = world.principal("vera").user

    def slowly(stored: str | None, password: str) -> bool:
        is_right = check_password(stored, password)
        users.change_user(world.web, admin, vera.id, users.UserChange(password=PASSWORD * 2))
        return is_right

    monkeypatch.setattr(identity, "check_password", slowly)
    with pytest.raises(NotLoggedIn):
        identity.log_in(world.web, "vera", PASSWORD, VISITOR)
    assert world.store.sessions.of_user(vera.id) == []


def test_a_password_from_an_administrator_is_not_undone_by_who_knew_the_old_one(
    admin: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = replace(world.principal("vera"), session_hash="of a stranger")

    def slowly(password: str) -> str:
        monkeypatch.setattr(users, "hash_password", hash_password)
        address = f"/api/v1/users/{stranger.user.id}"
        assert admin.patch(address, json={"password": "seven warm melons"}).status_code == 200
        return hash_password(password)

    monkeypatch.setattr(users, "hash_password", slowly)
    with pytest.raises(NotLoggedIn):
        users.change_own_password(world.web, stranger, PASSWORD, "five warm oranges")
    assert log_in(TestClient(admin.app), "vera", "seven warm melons") == 200


def test_who_is_disabled_stays_so_while_changing_the_password(
    admin: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vera = replace(world.principal("vera"), session_hash="of another browser")

    def slowly(password: str) -> str:
        address = f"/api/v1/users/{vera.user.id}"
        assert admin.patch(address, json={"disabled": True}).status_code == 200
        return hash_password(password)

    monkeypatch.setattr(users, "hash_password", slowly)
    users.change_own_password(world.web, vera, PASSWORD, "five warm oranges")
    assert world.store.users.get(vera.user.id).disabled_at is not None


def test_the_last_administrator_stays(admin: TestClient, world: World) -> None:
    user = world.store.users.by_name("anna")
    assert user is not None
    for change in ({"role": "viewer"}, {"disabled": True}):
        answer = admin.patch(f"/api/v1/users/{user.id}", json=change)
        assert answer.status_code == 422
    kept = world.store.users.by_name("anna")
    assert kept is not None
    assert kept.role is Role.ADMIN
    assert kept.disabled_at is None
