"""Requests that make no sense, and what they are answered with."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient


def test_an_unknown_address_is_answered_with_a_problem(admin: TestClient) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = admin.request(method, "/api/v1/nothing/here")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "there is nothing at /api/v1/nothing/here"


def test_a_method_that_an_address_does_not_know_is_answered_with_those_that_it_does(
    admin: TestClient,
) -> None:
    answer = admin.put("/api/v1/episodes")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["detail"] == "/api/v1/episodes does not know PUT"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/episodes/../../../../etc/passwd",
        "/api/v1/episodes/..%2f..%2f..%2fetc%2fpasswd/photo",
        "/api/v1/review/%2e%2e%2f%2e%2e%2fetc%2fpasswd/photo",
        "/api/v1/cameras/..%2f..%2fstore.db/frame.jpg",
        "/static/..%2fapp.py",
        "/static/../app.py",
    ],
)
def test_paths_lead_nowhere_else(admin: TestClient, path: str) -> None:
    answer = admin.get(path)
    assert answer.status_code in (404, 422)
    assert b"root:" not in answer.content


def test_a_page_of_more_than_the_most_is_refused(admin: TestClient) -> None:
    assert admin.get("/api/v1/episodes?limit=100000").status_code == 422


def test_errors_do_not_repeat_passwords(anonymous: TestClient) -> None:
    body = {"name": "anna", "password": "secret-one", "pass": "secret-two"}
    answer = anonymous.post("/api/v1/session", json=body)
    assert answer.status_code == 422
    assert "secret" not in answer.text
