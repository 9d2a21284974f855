"""Every mistake in the configuration is one clear line; everything has a default; secrets come from three places."""

from collections.abc import Callable
from pathlib import Path

import pytest

from homeserver.config import Config
from homeserver.config.loader import ConfigError, load

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        path = tmp_path / "homeserver.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def test_without_a_file_the_server_is_localhost_and_keeps_to_this_machine() -> None:
    config = load(None, {})
    assert config.server_name == "localhost"
    assert [(one.host, one.port) for one in config.listeners] == [("127.0.0.1", 8008), ("::1", 8008)]
    assert (config.federates, config.registers_locally_only, config.base_url) == (False, True, "http://localhost:8008")


def test_a_server_with_a_real_name_federates_and_lets_nobody_sign_up(write: Write) -> None:
    config = load(write("server_name: example.org"), {})
    assert (config.federates, config.registers_locally_only, config.registration.enabled) == (True, False, None)


def test_a_name_with_a_port_federates(write: Write) -> None:
    assert load(write("server_name: localhost:8448"), {}).federates


def test_an_empty_file_gives_the_defaults(write: Write) -> None:
    assert load(write(""), {}) == Config()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("listners: []", "unknown key 'listners'; did you mean 'listeners'?"),
        ("listeners: [{prt: 1}]", "unknown key 'listeners[0].prt'; did you mean 'port'?"),
        ("redis: {zzzzzz: 1}", "unknown key 'redis.zzzzzz'; known here: url"),
        ("listeners: [{port: x}]", "listeners[0].port: expected `int`, got `str`"),
        ("listeners: [{port: 70000}]", "listeners[0].port: expected `int` <= 65535"),
        ("listeners: [{resources: [klient]}]", "listeners[0].resources[0]: invalid enum value 'klient'"),
        ("listeners: [{tls: {certificate: a}}]", "listeners[0].tls: object missing required field `private_key`"),
        ("listeners: []", "listeners: at least one is needed"),
        ("server_name: a b", "server_name: 'a b' is not a server name such as example.org or example.org:8448"),
        ("server_name: a\nserver_name: b", "line 2: 'server_name' is given twice"),
        ("server_name: [a", "line 1: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("\tserver_name: a", "line 1: not valid YAML: found character '\\t' that cannot start any token"),
        ("- a", "must be a mapping of keys at the top"),
        ("processes: 2", "processes: more than one need redis.url"),
        ("database: {url: 'mysql://x'}", "database.url: must begin with postgresql://"),
        ("database: {url_file: /nowhere}", "database.url_file: /nowhere cannot be read"),
        ("public_baseurl: example.org", "public_baseurl: must begin with https:// or http://"),
        ("trusted_proxies: [home]", "trusted_proxies: 'home' is neither an address nor a network"),
        (
            "federation: {allow_private_addresses: [x]}",
            "allow_private_addresses: 'x' is neither an address nor a network",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(write: Write, text: str, line: str) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as failure:
        load(path, {})
    assert str(failure.value) == f"{path}: {line}"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load(tmp_path / "none.yaml", {})


def test_a_file_of_bytes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "homeserver.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a text file in UTF-8"):
        load(path, {})


def test_a_secret_may_stand_in_the_file_in_another_file_or_in_the_environment(write: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file\n", encoding="utf-8")
    assert load(write("registration: {shared_secret: here}"), {}).registration.shared_secret == "here"
    by_file = load(write(f"registration: {{shared_secret_file: {secret}}}"), {})
    assert by_file.registration.shared_secret == "from-file"
    by_env = load(write("registration: {shared_secret: here}"), {"HEARTH_REGISTRATION_SHARED_SECRET": "env"})
    assert by_env.registration.shared_secret == "env"
    assert load(None, {"HEARTH_SMS_TWILIO_AUTH_TOKEN": "env"}).sms.twilio.auth_token == "env"


def test_a_secret_inside_a_list_may_stand_in_another_file(write: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret", encoding="utf-8")
    config = load(
        write(
            f"login: {{oidc: [{{id: a, name: A, issuer: 'https://a', client_id: b, client_secret_file: {secret}}}]}}"
        ),
        {},
    )
    assert config.login.oidc[0].client_secret == "s3cret"


def test_only_secrets_are_taken_from_the_environment() -> None:
    config = load(None, {"HEARTH_SERVER_NAME": "evil.example", "HEARTH_FAULT": "x:1", "HEARTH_RTC_TRANSPORTS": "y"})
    assert config == Config()


def test_a_bucket_may_be_changed_and_all_switched_off(write: Write) -> None:
    limits = load(write("rate_limits: {enabled: false, message: {per_second: 3, burst: 9}}"), {}).rate_limits
    assert (limits.enabled, limits.message.per_second, limits.message.burst) == (False, 3, 9)


def test_the_base_url_is_the_first_listener_clients_may_use(write: Write) -> None:
    public = "{host: 10.0.0.1, port: 2, tls: {certificate: a, private_key: b}}"
    config = load(write(f"listeners: [{{port: 1, resources: [metrics]}}, {public}]"), {})
    assert config.base_url == "https://10.0.0.1:2"
