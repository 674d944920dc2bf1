from __future__ import annotations

import pytest
from pydantic import ValidationError

from maskwatch.config.storage import StorageConfig


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:////var/lib/m.db",
        "sqlite:///m.db",
        "postgresql://u@h",
        "postgresql://u:p/w?x#%40@h.example.org:5432/d",
        "postgresql://u@tenant:pw@h/d",
        "postgresql://u:p@[::1]:5432/d?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql://u@/d?unix_sock=/run/postgresql/.s.PGSQL.5432",
    ],
)
def test_an_address_where_a_database_can_be_is_taken(url: str) -> None:
    given = StorageConfig.model_validate({"url": url}).url.get_secret_value()
    assert given == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://u:hush@h/d", "must start with sqlite:/// or postgresql://"),
        ("sqlite://m.db", "must name a file"),
        ("postgresql://h/d", "must look like postgresql://USER:PASSWORD@HOST/NAME"),
        ("postgresql://u:hush@h:abc/d", "must have a port from 1 to 65535"),
        ("postgresql://u:hush@h:99999/d", "must have a port from 1 to 65535"),
        ("postgresql://u:hush@h:0/d", "must have a port from 1 to 65535"),
        ("postgresql://u:hu@sh@h/d", "%40 in place of each @"),
        ("postgresql://u:hush@a..b/d", "a part of this name is empty or too long"),
        ("postgresql://u:hush@h/d?ssl=true", "sslmode, sslrootcert, unix_sock, each once"),
        ("postgresql://u:hush@h/d?ssl_context=True", "and no others"),
        ("postgresql://u:hush@h/d?sslmode=require&sslmode=disable", "each once"),
        ("postgresql://u:hush@h/d?sslmode=maybe", "require, verify-ca, verify-full"),
    ],
)
def test_any_other_is_refused_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        StorageConfig.model_validate({"url": url})
    assert reason in str(caught.value)
    assert "hush" not in str(caught.value)
