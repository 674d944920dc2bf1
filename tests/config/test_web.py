from __future__ import annotations

import pytest
from pydantic import ValidationError

from maskwatch.config.web import WebConfig


@pytest.mark.parametrize("written", ["https://M.example:8443", "HTTPS://m.example:8443//"])
def test_an_address_is_as_browsers_write_it_and_links_can_be_added_to_it(written: str) -> None:
    config = WebConfig(base_url=written)
    assert config.base_url == "https://m.example:8443"
    assert config.is_https


@pytest.mark.parametrize(
    "wrong",
    [
        "https://m.example/masks",
        "https://m.example/?a=b",
        "https://m.example?",
        "https://m.example/#cameras",
        "https://m.example#",
        "https://anna:word@m.example",
    ],
)
def test_an_address_that_links_cannot_be_added_to_or_that_names_a_user_is_refused(
    wrong: str,
) -> None:
    with pytest.raises(ValidationError, match="and nothing else"):
        WebConfig(base_url=wrong)
