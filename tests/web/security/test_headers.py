"""Headers that tell browsers what a page may do."""

from __future__ import annotations

from fastapi.testclient import TestClient


def test_no_other_site_may_read_answers(admin: TestClient) -> None:
    answer = admin.get("/api/v1/me", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_carries_the_security_headers(anonymous: TestClient) -> None:
    for path in ("/healthz", "/api/v1/me", "/no/such/page"):
        headers = anonymous.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
