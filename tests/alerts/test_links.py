from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.alerts.links import LinkAction, LinkClaim, link_url, read_link, sign_link
from maskwatch.errors import LinkError

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = b"s" * 32
CLAIM = LinkClaim(LinkAction.WRONG, "e" * 32, "ann@x.org", NOW + timedelta(days=7))


def test_a_link_says_what_was_signed() -> None:
    assert read_link(sign_link(CLAIM, SECRET), SECRET, NOW) == CLAIM


@given(st.sampled_from(LinkAction), st.text(max_size=40), st.none() | st.text(max_size=40))
def test_any_claim_survives_the_way_into_a_link_and_back(
    action: LinkAction, episode: str, recipient: str | None
) -> None:
    claim = LinkClaim(action, episode, recipient, NOW)
    token = sign_link(claim, SECRET)
    assert read_link(token, SECRET, NOW) == claim
    assert all(letter.isalnum() or letter in "-_." for letter in token)


def test_a_link_expires() -> None:
    token = sign_link(CLAIM, SECRET)
    assert read_link(token, SECRET, CLAIM.expires_at) == CLAIM
    with pytest.raises(LinkError, match="expired"):
        read_link(token, SECRET, CLAIM.expires_at + timedelta(seconds=1))


def test_a_link_that_was_signed_with_another_secret_is_not_ours() -> None:
    with pytest.raises(LinkError, match="not ours"):
        read_link(sign_link(CLAIM, b"o" * 32), SECRET, NOW)


def test_changing_any_letter_is_noticed() -> None:
    token = sign_link(CLAIM, SECRET)
    for i in range(len(token)):
        changed = token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :]
        # The last letter of each part carries bits that mean nothing; such a change is harmless.
        try:
            assert read_link(changed, SECRET, NOW) == CLAIM
        except LinkError:
            continue
        assert i == len(token) - 1


@pytest.mark.parametrize("token", ["", ".", "x", "a.b", "ä.ö", "AAAA.", ".AAAA", "[]." + "A" * 22])
def test_nonsense_is_refused(token: str) -> None:
    with pytest.raises(LinkError):
        read_link(token, SECRET, NOW)


def test_a_claim_for_one_act_cannot_be_used_for_another() -> None:
    wrong, right = (
        sign_link(CLAIM, SECRET).split("."),
        sign_link(
            LinkClaim(LinkAction.VIEW, CLAIM.episode_id, CLAIM.recipient, CLAIM.expires_at), SECRET
        ).split("."),
    )
    with pytest.raises(LinkError):
        read_link(f"{wrong[0]}.{right[1]}", SECRET, NOW)


def test_the_address_is_that_of_the_dashboard() -> None:
    assert link_url("https://m.example.org", "t.s") == "https://m.example.org/a/t.s"
