from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.config.yaml import read_yaml, write_yaml

LIKE_NUMBERS = st.text("0123456789abefnoxlINFE+-._:~", min_size=1, max_size=8)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@pytest.mark.parametrize("name", ["08", "09", "089", "1e5", "0o17", "no", "12:30", "~", "", "1_0"])
def test_a_name_that_looks_like_a_number_is_written_as_text(name: str) -> None:
    assert read_yaml(write_yaml({"cameras": {name: {"url": name}}})) == {
        "cameras": {name: {"url": name}}
    }


@given(LIKE_NUMBERS | NAMES)
def test_text_comes_back_as_text_also_where_yaml_is_read_as_1_1(text: str) -> None:
    written = write_yaml({text: [text]})
    assert read_yaml(written) == yaml.safe_load(written) == {text: [text]}


@given(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
)
def test_values_come_back_as_they_are(value: float | None) -> None:
    back = read_yaml(write_yaml({"value": value}))["value"]
    assert (type(back), back) == (type(value), value)
