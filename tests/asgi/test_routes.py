"""The raw path is split before it is decoded, and a fixed segment goes before a parameter."""

import pytest

from homeserver.asgi.request import Request
from homeserver.asgi.responses import Answer
from homeserver.asgi.routes import Params, Route, Routes
from homeserver.errors import InvalidParam


async def nothing(_request: Request, _params: Params) -> Answer:
    return {}


def routes(*paths: str, method: str = "GET") -> Routes:
    return Routes([Route(method, path, "client", nothing) for path in paths])


def found(table: Routes, path: bytes, method: str = "GET") -> tuple[str, dict[str, str]] | None:
    route, params, _ = table.find(method, path)
    return (route.path, dict(params)) if route else None


def test_an_encoded_slash_stays_in_its_segment() -> None:
    table = routes("/rooms/<room_id>/send/<type>")
    assert found(table, b"/rooms/%21a%2Fb:c/send/m.room%2emessage") == (
        "/rooms/<room_id>/send/<type>",
        {"room_id": "!a/b:c", "type": "m.room.message"},
    )


def test_a_decoded_percent_is_not_decoded_again() -> None:
    assert found(routes("/u/<id>"), b"/u/%252F") == ("/u/<id>", {"id": "%2F"})


def test_a_plus_in_a_path_is_a_plus() -> None:
    assert found(routes("/u/<id>"), b"/u/a+b") == ("/u/<id>", {"id": "a+b"})


def test_a_fixed_segment_goes_before_a_parameter() -> None:
    table = routes("/keys/<id>", "/keys/query")
    assert found(table, b"/keys/query") == ("/keys/query", {})
    assert found(table, b"/keys/other") == ("/keys/<id>", {"id": "other"})


def test_a_dead_end_behind_a_fixed_segment_is_left_again() -> None:
    table = routes("/a/<x>/end", "/a/b/other")
    assert found(table, b"/a/b/end") == ("/a/<x>/end", {"x": "b"})


def test_a_trailing_slash_is_another_path() -> None:
    table = routes("/state/<type>", "/state/<type>/", "/state/<type>/<key>")
    assert found(table, b"/state/t") == ("/state/<type>", {"type": "t"})
    assert found(table, b"/state/t/") == ("/state/<type>/", {"type": "t"})
    assert found(table, b"/state/t/k") == ("/state/<type>/<key>", {"type": "t", "key": "k"})


def test_a_parameter_is_never_empty() -> None:
    assert found(routes("/rooms/<id>/messages"), b"/rooms//messages") is None


def test_dots_are_not_resolved() -> None:
    assert found(routes("/a/<x>"), b"/a/../a/b") is None


def test_a_known_path_with_another_method_is_told_apart() -> None:
    table = routes("/a/<x>")
    assert table.find("PUT", b"/a/b") == (None, {}, True)
    assert table.find("PUT", b"/b/b") == (None, {}, False)


@pytest.mark.parametrize("path", [b"/a/%ff", b"/a/%00", b"/a/%ed%a0%80"])
def test_what_is_not_text_is_refused(path: bytes) -> None:
    with pytest.raises(InvalidParam):
        routes("/a/<x>").find("GET", path)


def test_the_same_route_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="two routes"):
        routes("/a/<x>", "/a/<y>")


def test_each_method_keeps_its_own_parameter_names() -> None:
    table = Routes([Route("GET", "/a/<x>", "client", nothing), Route("PUT", "/a/<y>", "client", nothing)])
    assert found(table, b"/a/1") == ("/a/<x>", {"x": "1"})
    assert found(table, b"/a/1", "PUT") == ("/a/<y>", {"y": "1"})
