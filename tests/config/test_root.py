from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from maskwatch.config.privacy import Photos
from maskwatch.config.root import Config, config_schema, load_config, parse_config
from maskwatch.config.yaml import read_yaml
from maskwatch.errors import ConfigError

HUSH = "hush-4711"


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "m.yaml")
    return caught.value


def is_taken(text: str) -> bool:
    try:
        parse_config(text, "m.yaml")
    except ConfigError:
        return False
    return True


def marked_by_an_editor(text: str) -> list[str]:
    """What is wrong with a text by the schema; as in editors, formats of times count."""
    rules = pytest.importorskip("jsonschema_rs")
    editor = rules.validator_for(config_schema(), validate_formats=True)
    return [error.message for error in editor.iter_errors(read_yaml(text))]


def test_an_empty_file_gives_the_defaults() -> None:
    config = parse_config("", "m.yaml")
    assert config == Config()
    assert config.privacy.photos is Photos.BLURRED
    assert config.storage.database_url == "sqlite:///maskwatch-data/maskwatch.db"


@pytest.mark.parametrize(
    "text",
    [
        "cameras:",
        "site:\n  # name: North wing\n",
        "alerts:\n  channels:\n  ladder:\n  pacing:\n    quiet_hours:\n",
        "web:\n  login:\n",
    ],
)
def test_a_section_with_nothing_in_it_is_left_out(text: str) -> None:
    assert parse_config(text, "m.yaml") == Config()


def test_the_environment_fills_a_section_with_nothing_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MASKWATCH_SITE__NAME", "North wing")
    assert parse_config("site:\n", "m.yaml").site.name == "North wing"


def test_a_key_that_may_be_null_and_one_that_needs_a_value_stay_what_they_are() -> None:
    assert (
        parse_config("alerts: {pacing: {rate_limit: null}}", "m").alerts.pacing.rate_limit is None
    )
    assert str(refused("web:\n  port:\n")) == (
        "m.yaml: line 2: web.port: input should be a valid integer"
    )
    assert str(refused("cameras:\n  door:\n")) == (
        "m.yaml: line 2: cameras.door: must be a section with keys of its own"
    )


def test_a_wrong_value_is_named_with_line_key_value_and_reason() -> None:
    error = refused("site: {}\nstorage:\n  retention:\n    photos_days: -3\n")
    assert str(error) == (
        "m.yaml: line 4: storage.retention.photos_days = -3: input should be greater than 0"
    )


def test_of_a_section_where_a_value_belongs_the_message_says_only_where_it_is() -> None:
    error = refused("storage:\n  retention:\n    photos_days: {weeks: 2, door: hush}\n")
    assert str(error) == (
        "m.yaml: line 3: storage.retention.photos_days: input should be a valid number"
    )


def test_a_name_that_cannot_be_is_told_what_it_may_be_made_of() -> None:
    error = refused("cameras: {OP 1/2: {url: rtsp://camera/1}}\n")
    assert str(error) == (
        "m.yaml: line 1: cameras.OP 1/2 = OP 1/2: "
        "must be letters, digits, spaces and . _ -, a letter or digit first"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "alerts: {channels: {m: 3}}",
            "alerts.channels.m: must be a section with keys of its own",
        ),
        (
            "cameras: {a: rtsp://h/1}",
            "cameras.a: must be a section with keys of its own",
        ),
        ("cameras: [a, b]", "cameras: must be a section with keys of its own"),
        ("cameras: {1: {url: 0}}", "cameras[1] = 1: must be text; numbers need quotes"),
        (
            "web: {trusted_proxies: 127.0.0.1}",
            "web.trusted_proxies: must be a list, such as [first, second]",
        ),
        (
            "web: {camera_networks: [192.168.20.1/24]}",
            "web.camera_networks[0] = 192.168.20.1/24: must be a network such as 192.168.20.0/24",
        ),
        ("alerts: {channels: {m: {host: h}}}", "alerts.channels.m: the key kind is needed"),
        (
            "alerts: {channels: {m: {kind: sms}}}",
            "alerts.channels.m: kind must be one of "
            "'email', 'mqtt', 'webhook', 'apprise', 'command'",
        ),
        (
            "alerts: {pacing: {digest_at: [7]}}",
            "alerts.pacing.digest_at[0] = 7: must be a time such as 07:00; midnight is 00:00",
        ),
        (
            "alerts: {pacing: {digest_at: ['7:00']}}",
            "alerts.pacing.digest_at[0] = 7:00: must be a time such as 07:00; midnight is 00:00",
        ),
        (
            "cameras: {a: {url: 0, schedule: {holidays: [25.12.2026]}}}",
            "cameras.a.schedule.holidays[0] = 25.12.2026: must be a day such as 2026-12-25",
        ),
        (
            "cameras: {a: {url: 0, exemptions: [{reason: drill, since: 1.3.2026}]}}",
            "cameras.a.exemptions[0].since = 1.3.2026: "
            "must be a day such as 2026-12-25, or a moment such as 2026-12-25T07:00",
        ),
    ],
)
def test_what_is_wrong_is_said_once_and_to_people_who_know_no_python(text: str, said: str) -> None:
    assert str(refused(text)) == f"m.yaml: line 1: {said}"


def test_nothing_is_kept_for_longer_than_calendars_go() -> None:
    error = refused("storage:\n  retention: {people_days: 1000000, photos_gb: 1.0e+300}\n")
    assert {problem.key: problem.reason for problem in error.problems} == {
        "storage.retention.people_days": "input should be less than or equal to 36500",
        "storage.retention.photos_gb": "input should be less than or equal to 1000000",
    }


def test_everything_that_is_wrong_is_named_at_once() -> None:
    error = refused("storage: {min_free_gb: many}\nprivacy: {photo: clear, photos: some}\n")
    assert [problem.key for problem in error.problems] == [
        "privacy.photos",
        "privacy.photo",
        "storage.min_free_gb",
    ]
    assert error.problems[1].reason == "there is no such key"
    assert "'none', 'blurred' or 'clear'" in error.problems[0].reason


@pytest.mark.parametrize(
    "text",
    [
        "_env_file: other.env",
        "_env_prefix: x",
        "_cli_parse_args: ['--help']",
        "_build_sources: 1",
        "__pydantic_self__: 1",
        "self: 1",
    ],
)
def test_no_key_reaches_the_library_that_reads_the_configuration(text: str) -> None:
    (problem,) = refused(text).problems
    assert (problem.key, problem.reason) == (text.partition(":")[0], "there is no such key")


def test_a_needed_key_that_is_missing_is_named() -> None:
    (problem,) = refused("cameras:\n  door:\n    max_fps: 5\n").problems
    assert (problem.key, problem.value, problem.reason, problem.line) == (
        "cameras.door.url",
        None,
        "this key is needed",
        2,
    )


def test_an_element_of_a_list_is_named_by_its_place() -> None:
    text = """
cameras:
  door:
    url: rtsp://10.0.0.1/1
    zones:
      - {name: in, polygon: [[0, 0], [1, 0], [1, 1]]}
      - {name: out, polygon: [[0, 0], [1, 0], [1, 1.5]]}
"""
    (problem,) = refused(text).problems
    assert problem.key == "cameras.door.zones[1].polygon[2][1]"
    assert (problem.value, problem.line) == ("1.5", 7)


def test_the_kind_of_a_channel_is_no_part_of_the_key() -> None:
    text = """
alerts:
  channels:
    office: {kind: email, host: h, sender: a@example.org, to: [b@example.org], port: 99999}
"""
    (problem,) = refused(text).problems
    assert problem.key == "alerts.channels.office.port"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("storage: [1", "not YAML"),
        ("- 1\n- 2\n", "must be keys with values, not list"),
        ("storage: {}\nstorage: {}\n", "the key 'storage' stands here and in line 1"),
    ],
)
def test_what_is_no_mapping_is_refused(text: str, reason: str) -> None:
    assert reason in str(refused(text))


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("site:\n  name: {{ site_name }}\n", 2, "is this a template that nobody filled in?"),
        ("site:\n  ? [a, b]\n  : c\n", 2, "a key must be a word"),
        (f"web:\n  port: {'1' * 5000}\n", 2, "a number of more than 100 digits"),
        (f"site: {{}}\nweb: {{port: 0x{'f' * 5000}}}\n", 2, "a number of more than 100 digits"),
        ("web:\n  port: !!int abc\n", 2, "this is no int"),
        ("web:\n  enabled: !!bool perhaps\n", 2, "this is no bool"),
        ("site:\n  name: !!timestamp x\n", 2, "begins with ! or * needs quotes"),
        ("site:\n  name: !!binary '\\xff'\n", 2, "only tags of YAML 1.2 are known"),
        (f"site: {{}}\na: {'[' * 3000}\n", 2, "more than 100 levels deep"),
        ('site:\n  name: "a\\0b"\n', 2, "a character that stands for nothing"),
        ('site:\n  name: "\\ud800"\n', 2, "a character that stands for nothing"),
    ],
)
def test_whatever_a_file_holds_is_a_mistake_with_its_line(
    text: str, line: int, reason: str
) -> None:
    (problem,) = refused(text).problems
    assert problem.line == line
    assert reason in problem.reason


def test_lists_within_lists_are_fine_as_deep_as_anybody_needs_them() -> None:
    (problem,) = refused(f"site: {'[' * 90}{']' * 90}").problems
    assert problem.key == "site"


def test_a_wrong_name_is_shown_as_the_file_has_it() -> None:
    (problem,) = refused("cameras:\n  door/1: {url: 'rtsp://h/1'}\n").problems
    assert (problem.key, problem.line) == ("cameras.door/1", 2)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        load_config(tmp_path / "none.yaml")


def test_times_and_words_mean_what_they_say() -> None:
    """YAML 1.1 reads ``12:30`` as 750 and ``no`` as False."""
    text = """
site: {name: no}
cameras:
  door: {url: rtsp://h/1, schedule: {hours: [{start: 08:00, end: 12:30}]}}
"""
    config = parse_config(text, "m.yaml")
    (hours,) = config.cameras["door"].schedule.hours
    assert (hours.start.isoformat(), hours.end.isoformat()) == ("08:00:00", "12:30:00")
    assert config.site.name == "no"


class TestEnvironment:
    def test_it_overrides_the_file_key_by_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASKWATCH_STORAGE__RETENTION__PHOTOS_DAYS", "7")
        config = parse_config("storage: {folder: here, retention: {photos_gb: 3}}", "m.yaml")
        retention = config.storage.retention
        assert (retention.photos_days, retention.photos_gb) == (7, 3)
        assert config.storage.folder == Path("here")

    def test_a_wrong_value_in_it_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASKWATCH_WEB__PORT", "70000")
        (problem,) = refused("web: {port: 80}").problems
        assert (problem.key, problem.value) == ("MASKWATCH_WEB__PORT", "70000")
        assert problem.line is None  # nothing is wrong in the file

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("MASKWATCH_WEB", '{"port": 70000}'),
            ("MASKWATCH_WEB__TRUSTED_PROXIES", '["10.0.0.0/8", "here"]'),
            ("maskwatch_cameras__front_door__max_fps", "many"),
        ],
    )
    def test_of_a_list_or_a_section_in_it_the_variable_is_named(
        self, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(variable, value)
        (problem,) = refused("cameras: {front door: {url: rtsp://h/1}}").problems
        assert (problem.key, problem.line) == (variable.upper(), None)

    def test_a_mistake_in_the_file_is_not_said_to_be_in_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MASKWATCH_WEB", '{"base_url": "https://h"}')
        (problem,) = refused("web:\n  port: 70000").problems
        assert (problem.key, problem.line) == ("web.port", 2)

    def test_a_misspelt_section_in_it_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASKWATCH_STORGE__FOLDER", "x")
        assert "'storge'" in str(refused(""))

    def test_a_misspelt_key_in_it_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASKWATCH_STORAGE__FOLDR", "x")
        assert "MASKWATCH_STORAGE__FOLDR: there is no such key" in str(refused(""))

    def test_references_in_it_are_followed(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "pw").write_text("a/b")
        monkeypatch.setenv("MASKWATCH_STORAGE__URL", f"postgresql://u:${{file:{tmp_path}/pw}}@h/d")
        assert parse_config("", "m.yaml").storage.database_url == "postgresql://u:a%2Fb@h/d"
        monkeypatch.setenv("MASKWATCH_SITE__NAME", "${env:NOT_SET_ANYWHERE}")
        assert "NOT_SET_ANYWHERE is not set" in str(refused(""))

    def test_json_that_is_none_is_named_without_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASKWATCH_WEB__TRUSTED_PROXIES", f"[{HUSH}")
        error = refused("")
        assert "MASKWATCH_WEB__TRUSTED_PROXIES" in str(error)
        assert HUSH not in str(error)


class TestSecrets:
    def test_they_come_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOOR", HUSH)
        config = parse_config("cameras: {door: {url: 'rtsp://u:${env:DOOR}@h/1'}}", "m.yaml")
        assert config.cameras["door"].url.get_secret_value() == f"rtsp://u:{HUSH}@h/1"

    @pytest.mark.parametrize(
        ("stored", "sent"),
        [
            ("Win@ter/2024", "Win%40ter%2F2024"),
            ("p#s?s", "p%23s%3Fs"),
            ("50%:ü&= x", "50%:ü&= x"),
            # Encoded as it had to be when it stood in the address.
            ("Win%40ter%2F2024", "Win%40ter%2F2024"),
        ],
    )
    def test_before_the_host_of_an_address_they_are_a_password_whatever_is_in_them(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stored: str, sent: str
    ) -> None:
        (tmp_path / "pw").write_text(stored)
        monkeypatch.setenv("DOOR", stored)
        for reference in ("${env:DOOR}", f"${{file:{tmp_path}/pw}}"):
            text = f"cameras: {{door: {{url: 'rtsp://u:{reference}@h:554/1'}}}}"
            config = parse_config(text, "m.yaml")
            assert config.cameras["door"].url.get_secret_value() == f"rtsp://u:{sent}@h:554/1"

    @pytest.mark.parametrize(
        "text", ["${env:PART}", "http://${env:PART}", "http://h/${env:PART}", "a:${env:PART}@h"]
    )
    def test_anywhere_else_they_are_put_in_as_they_are(
        self, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        monkeypatch.setenv("PART", "u:p@h/x?y#z")
        name = parse_config(f"site: {{name: '{text}'}}", "m.yaml").site.name
        assert name == text.replace("${env:PART}", "u:p@h/x?y#z")

    @pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n", "\r\n\n"])
    def test_they_come_from_files_without_line_breaks_at_the_end(
        self, tmp_path: Path, end: str
    ) -> None:
        (tmp_path / "pw").write_bytes(f"{HUSH}{end}".encode())
        text = f"storage: {{url: 'postgresql://u:${{file:{tmp_path}/pw}}@h/d'}}"
        assert parse_config(text, "m.yaml").storage.database_url == f"postgresql://u:{HUSH}@h/d"

    def test_they_come_from_files_without_the_mark_that_some_editors_begin_them_with(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "pw").write_text(HUSH, encoding="utf-8-sig")
        text = f"storage: {{url: 'postgresql://u:${{file:{tmp_path}/pw}}@h/d'}}"
        assert parse_config(text, "m.yaml").storage.database_url == f"postgresql://u:{HUSH}@h/d"

    def test_a_literal_reference_can_be_written(self) -> None:
        assert parse_config("site: {name: '$${env:X}'}", "m.yaml").site.name == "${env:X}"

    def test_a_missing_one_is_named(self, tmp_path: Path) -> None:
        error = refused("site:\n  name: ${env:NOT_SET_ANYWHERE}\n")
        assert str(error) == (
            "m.yaml: line 2: site.name = ${env:NOT_SET_ANYWHERE}: "
            "the environment variable NOT_SET_ANYWHERE is not set"
        )
        error = refused(f"site: {{name: '${{file:{tmp_path}/pw}}'}}")
        assert "the file cannot be read: no such file or directory" in str(error)

    def test_one_that_is_no_text_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "pw").write_bytes(b"\xff")
        monkeypatch.setenv("LATIN", os.fsdecode(b"K\xe4se"))
        for reference in (f"${{file:{tmp_path}/pw}}", "${env:LATIN}"):
            (problem,) = refused(f"site: {{name: '{reference}'}}").problems
            assert (problem.value, problem.reason) == (reference, "it is not UTF-8 text")

    @pytest.mark.parametrize(
        "text",
        [
            "storage: {url: 'mysql://u:${env:S}@h/d'}",
            "storage: {min_free_gb: '${env:S}'}",
            "site: {time_zone: 'a${env:S}b'}",
            "site: {unknown: '${env:S}'}",
            "cameras: {door: {url: 'ftp://u:${env:S}@h/1'}}",
            "cameras: {door: {url: 'ftp://u:hush-4711@h/1'}}",
            "alerts: {channels: {a: {kind: apprise, url: [hush-4711]}}}",
            "alerts: {channels: {a: {kind: webhook, url: 'ftp://h/hush-4711', secret: x}}}",
            "alerts: {channels: {a: {kind: webhook, url: 'https://h', secret: hush-4711}}}",
            "storage: {password: hush-4711}",
            "storage: {pin: hush-4711}",
            "storage: {min_free_gb: 'u:hush-4711@h'}",
            "storage: [hush-4711",
            "storage: {password: *hush-4711}",
            "storage: {password: !hush-4711 }",
            "storage: {password: !!hush-4711 }",
            "storage: {password: !hush-4711!x }",
            "storage: {url: 'postgresql:/u:hush-4711@db/x'}",
            "storage: {url: 'u:hush-4711@db/x'}",
            "storage: hush-4711",
            "web: {base_url: 'hush-4711'}",
            "web: {base_url: 'https://u:hush-4711@h'}",
            "web: {login: hush-4711}",
            "cameras: hush-4711",
            "cameras: {door: 'u:hush-4711@h'}",
            "cameras: {door: {url: 'u:hush-4711@h/1'}}",
            "cameras: {door: {url: 'rtsp:/u:hush-4711@h/1'}}",
            "cameras: {door: {url: 'rtsp//u:hush-4711@h/1'}}",
            "cameras: {door: {url: ' rtsp://u:hush-4711@h/1'}}",
            "cameras: {door: {'rtsp://u:hush-4711@h/1'}}",
            "cameras: {door: {adress: 'rtsp://h/hush-4711'}}",
            "alerts: {channels: 'slack://hush-4711'}",
            "alerts: {channels: {a: 'slack://hush-4711'}}",
            "alerts: {channels: {a: {kind: apprise, 'slack://hush-4711'}}}",
            "alerts: {channels: {a: {kind: apprise, urls: 'slack://hush-4711'}}}",
            "alerts: {channels: {a: {kind: apprise, uri: ['slack://hush-4711']}}}",
            "alerts: {channels: {a: {kind: 'slack://hush-4711'}}}",
            "alerts: {channels: {a: {kind: webhook, url: 'https://h', headers: hush-4711}}}",
            "alerts: {channels: {a: {kind: webhook, headers: {'X-Key: hush-4711'}}}}",
            "alerts: {channels: {a: {kind: email, pasword: hush-4711}}}",
            "alerts: {channels: {a: {kind: mqtt, host: 'u:hush-4711@broker'}}}",
            "alerts: {channels: {a: {kind: command, command: 'curl hush-4711'}}}",
            "alerts: {ladder: [{channels: ['slack://hush-4711']}]}",
        ],
    )
    def test_they_are_in_no_message(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("S", HUSH)
        error = refused(text)
        assert HUSH not in str(error)
        assert error.__cause__ is None  # pydantic's own error holds the input

    def test_of_one_that_begins_like_another_nothing_is_left(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SHORT", "hush")
        monkeypatch.setenv("LONG", HUSH)
        error = refused("site: {name: '${env:SHORT}', time_zone: 'a${env:LONG}b'}")
        assert HUSH.removeprefix("hush") not in str(error)

    def test_they_are_not_shown_with_the_configuration(self) -> None:
        text = f"""
storage: {{url: 'postgresql://u:{HUSH}@h/d'}}
cameras: {{door: {{url: 'rtsp://u:{HUSH}@h/1'}}}}
"""
        config = parse_config(text, "m.yaml")
        assert HUSH not in repr(config)
        assert HUSH not in config.model_dump_json()


class TestSchema:
    def test_it_is_what_the_file_is_checked_against(self) -> None:
        schema = config_schema()
        assert set(schema["properties"]) == set(Config.model_fields)
        assert schema["additionalProperties"] is False

    def test_it_says_what_each_key_does(self) -> None:
        storage = config_schema()["$defs"]["StorageConfig"]["properties"]
        assert "oldest photos" in storage["min_free_gb"]["description"]

    @pytest.mark.parametrize("page", ["src/maskwatch/config/example.yaml", "docs/serve.md"])
    def test_an_editor_finds_nothing_wrong_with_what_is_shown(
        self, checkout: Path, page: str
    ) -> None:
        text = (checkout / page).read_text(encoding="utf-8")
        shown = re.findall("```yaml\n(.*?)```", text, re.DOTALL) or [text]
        for each in shown:
            assert marked_by_an_editor(each) == []

    def test_an_editor_knows_the_number_of_a_webcam(self) -> None:
        assert marked_by_an_editor("cameras: {door: {url: 0}}") == []

    @pytest.mark.parametrize("start", ["7:00", "24:00", "07:60", "07:00+01:00", "noon"])
    def test_an_editor_marks_times_that_are_none(self, start: str) -> None:
        hours = f"{{hours: [{{start: '{start}'}}]}}"
        assert marked_by_an_editor(f"cameras: {{door: {{url: 0, schedule: {hours}}}}}")

    @pytest.mark.parametrize(
        ("since", "is_right"),
        [
            ("2026-03-02", True),
            ("2026-03-02T09:00", True),
            ("2026-03-02 09:00:00", True),
            ("2026-03-02T09:00:00Z", False),
            ("March", False),
        ],
    )
    def test_an_editor_knows_days_and_local_moments(self, since: str, is_right: bool) -> None:
        exemption = f"{{reason: fire drill, since: '{since}'}}"
        text = f"cameras: {{door: {{url: 0, exemptions: [{exemption}]}}}}"
        assert (marked_by_an_editor(text) == []) is is_right
        assert is_taken(text) is is_right

    def test_it_is_json(self) -> None:
        assert json.loads(json.dumps(config_schema())) == config_schema()
