from __future__ import annotations

from pathlib import Path

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


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("sqlite:///~/data/m.db", "sqlite:////home/eve/data/m.db"),
        ("sqlite:///a/~/m.db", "sqlite:///a/~/m.db"),
        ("postgresql://~u:~/p@h/~", "postgresql://~u:~/p@h/~"),
    ],
)
def test_a_tilde_at_the_start_is_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, url: str, meant: str
) -> None:
    monkeypatch.setenv("HOME", "/home/eve")
    config = StorageConfig.model_validate({"folder": "~/maskwatch-data", "url": url})
    assert config.folder == Path("/home/eve/maskwatch-data")
    assert config.database_url == meant


def test_of_a_home_folder_that_is_not_there_it_is_said_so() -> None:
    with pytest.raises(ValidationError, match="there is no home folder for ~nobody-at-all"):
        StorageConfig.model_validate({"folder": "~nobody-at-all/data"})
