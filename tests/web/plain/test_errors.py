"""Addresses without a page."""

from __future__ import annotations

import httpx

from tests.web.world import PASSWORD


def test_an_address_without_a_page_says_so_in_ones_language(site: str) -> None:
    with httpx.Client(base_url=site, timeout=60) as client:
        for address in ("/login/none", "/a/b/c", "/_nicegui/none"):  # strangers get that far
            answer = client.get(address)
            assert answer.status_code == 404
            assert "There is no page at this address." in answer.text
            assert "script" not in answer.text
        client.post("/login", data={"name": "otto", "password": PASSWORD})
        answer = client.get("/none")
        assert answer.status_code == 404
        assert "Unter dieser Adresse gibt es keine Seite." in answer.text
