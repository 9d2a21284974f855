"""The grammar of identifiers."""

from collections.abc import Callable

import pytest

from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import (
    is_room_version,
    is_user_id,
    is_valid_localpart_for_new_user,
    localpart_of,
    parse_alias,
    parse_event_id,
    parse_room_id,
    parse_server_name,
    parse_user_id,
    server_of,
)

SERVERS = ["a", "matrix.org", "A-b.C", "1.2.3.4:1234", "[1234:5678::abcd]", "[::]:5678", "a" * 255, "localhost:8448"]
NOT_SERVERS = [
    "",
    ":80",
    "a b",
    "a:",
    "a:123456",
    "a:b",
    "[::1",
    "[:]",
    "é.example",
    "a" * 256,
    "a" * 251 + ":8448",
    "a/b",
    "a:80\n",
    "[g::]",
]


@pytest.mark.parametrize("name", SERVERS)
def test_server_names_are_read(name: str) -> None:
    assert parse_server_name(name) == name


@pytest.mark.parametrize("name", NOT_SERVERS)
def test_other_texts_are_no_server_names(name: str) -> None:
    with pytest.raises(BadIdentifier):
        parse_server_name(name)


@pytest.mark.parametrize("text", ["@a:b", "@:b", "@Ab c!ü:b.example:80", f"@{'a' * 252}:b", "@a:[::1]"])
def test_user_ids_are_read_historical_ones_too(text: str) -> None:
    assert parse_user_id(text) == text


@pytest.mark.parametrize(
    "text", ["", "@", "a:b", "#a:b", "@a", "@a:", "@a:b:c", "@a\0:b", f"@{'a' * 253}:b", "@\ud800:b"]
)
def test_other_texts_are_no_user_ids(text: str) -> None:
    with pytest.raises(BadIdentifier):
        parse_user_id(text)


def test_lengths_are_counted_in_bytes() -> None:
    assert parse_user_id(f"@{'é' * 126}:b")
    with pytest.raises(BadIdentifier):
        parse_user_id(f"@{'é' * 127}:b")


@pytest.mark.parametrize(
    ("parse", "good", "bad"),
    [
        (parse_alias, ["#a:b", "#a b:c"], ["#:b", "#a", "@a:b", "#a:", "#a\0:b"]),
        (parse_room_id, ["!a:b", "!a", "!" + "a" * 43], ["!", "", "a:b", "#a:b", "!a\0", "!" + "a" * 255]),
        (parse_event_id, ["$a:b", "$a/+", "$" + "a" * 43], ["$", "", "a", "!a", "$a\0", "$" + "é" * 128]),
    ],
)
def test_other_identifiers_are_told_apart(parse: Callable[[str], str], good: list[str], bad: list[str]) -> None:
    assert [parse(text) for text in good] == good
    for text in bad:
        with pytest.raises(BadIdentifier):
            parse(text)


@pytest.mark.parametrize(
    ("text", "localpart", "server"),
    [("@a:b", "a", "b"), ("@a:b:80", "a", "b:80"), ("@:[::1]", "", "[::1]"), ("!abc", "abc", "")],
)
def test_identifiers_part_at_the_first_colon(text: str, localpart: str, server: str) -> None:
    assert (localpart_of(text), server_of(text)) == (localpart, server)


def test_new_users_have_few_letters_to_choose_from() -> None:
    assert is_valid_localpart_for_new_user("az09._=-/+")
    assert not any(map(is_valid_localpart_for_new_user, ["", "A", "a b", "é", "a:b", "a\n"]))


def test_the_rules_take_anything_with_sigil_and_colon_for_a_user() -> None:
    assert is_user_id("@:")
    assert not any(map(is_user_id, ["", "@a", "a:b"]))


def test_room_versions_have_a_grammar() -> None:
    assert all(map(is_room_version, ["1", "12", "org.example.v-1", "a" * 32]))
    assert not any(map(is_room_version, ["", "A", "a_b", "a" * 33, "1\n"]))
