"""Registration files: what they mean, and what a start says of those that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from homeserver.services.appservices.registrations import BadRegistration, read

GOOD: dict[str, Any] = {
    "id": "irc",
    "url": "http://localhost:9999",
    "as_token": "a",
    "hs_token": "h",
    "sender_localpart": "ircbot",
    "namespaces": {"users": [{"exclusive": True, "regex": "@irc_.*"}]},
    "unknown.to.us": {"is": "left alone"},
}


def file(folder: Path, name: str = "a.yaml", **changes: Any) -> str:
    path = folder / name
    registration = {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}
    path.write_text(json.dumps(registration))
    return str(path)


def test_a_registration_says_whose_names_are_whose(tmp_path: Path) -> None:
    [irc] = registrations = read([file(tmp_path)], "here.test")
    assert registrations.of_token("a") is irc
    assert registrations.of_token("b") is None
    assert irc.has_user("@irc_bob:here.test")
    assert not irc.has_user("@bob:here.test")
    assert registrations.of_user("@irc_bob:there.test") == [], "only users of this server are anyone's own"
    assert registrations.is_reserved_user("@ircbot:here.test")
    assert (irc.rate_limited, irc.receives_ephemeral, irc.is_encrypted) == (False, False, False)


@pytest.mark.parametrize("key", ["receive_ephemeral", "de.sorunome.msc2409.push_ephemeral", "push_ephemeral"])
def test_every_name_of_the_wish_for_receipts_is_understood(tmp_path: Path, key: str) -> None:
    wish: dict[str, Any] = {key: True}
    [irc] = read([file(tmp_path, **wish)], "here.test")
    assert irc.receives_ephemeral


def test_an_empty_address_means_that_nothing_is_sent(tmp_path: Path) -> None:
    for url in (None, ""):
        [irc] = read([file(tmp_path, url=url)], "here.test")
        assert irc.url is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"as_token": ...}, "missing required field `as_token`"),
        ({"as_token": ""}, "`as_token` is empty"),
        ({"hs_token": "a\nb"}, "`hs_token` is empty or holds a control character"),
        ({"url": "localhost:1"}, "`url` is not an http or https address"),
        ({"url": "http://:99999"}, "`url` is not"),
        ({"sender_localpart": "Bot!"}, "`sender_localpart` is no name of a user"),
        ({"namespaces": {"users": [{"regex": "@("}]}}, "namespaces.users[0].regex: missing )"),
        ({"namespaces": []}, "expected `object`, got `array` - at `$.namespaces`"),
    ],
)
def test_a_registration_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadRegistration) as bad:
        read([file(tmp_path, **changes)], "here.test")
    assert told in str(bad.value)
    assert str(bad.value).startswith(str(tmp_path))
    assert "\n" not in str(bad.value)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("id: [")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xff")
    for name, told in (
        ("none.yaml", "there is no such file"),
        ("broken.yaml", "not valid YAML"),
        ("bytes.yaml", "not a text file"),
        ("", "cannot be read"),
    ):
        with pytest.raises(BadRegistration, match=told):
            read([str(tmp_path / name)], "here.test")


@pytest.mark.parametrize("same", ["id", "as_token", "sender_localpart"])
def test_two_application_services_share_nothing_that_tells_them_apart(tmp_path: Path, same: str) -> None:
    other = {key: "other" for key in ("id", "as_token", "sender_localpart") if key != same}
    with pytest.raises(BadRegistration, match=f"`{same}` is that of"):
        read([file(tmp_path), file(tmp_path, "b.yaml", **other)], "here.test")
