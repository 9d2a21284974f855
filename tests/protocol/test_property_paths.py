import pytest

from homeserver.protocol.property_paths import ABSENT, parse_path, value_at


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("type", ("type",)),
        ("content.body", ("content", "body")),
        (r"content.m\.relates_to", ("content", "m.relates_to")),
        (r"content.m\\foo", ("content", r"m\foo")),
        (r"content.a\x", ("content", r"a\x")),
        ("content.", ("content", "")),
        ("content.a\\", ("content", "a\\")),
    ],
)
def test_a_path_is_cut_at_its_plain_dots(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path


def test_a_value_may_be_null_and_still_be_there() -> None:
    assert value_at({"a": {"b": None}}, ("a", "b")) is None
    assert value_at({"a": {"b": None}}, ("a", "c")) is ABSENT
    assert value_at({"a": "text"}, ("a", "b")) is ABSENT
