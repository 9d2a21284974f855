"""docs/spec-map.md says what the sources say, and paths are read rightly."""

import pytest

from tests.support.spec import spec_file
from tools.spec_map import HOLE, TARGET, handlers, matches, page, shape_of


def test_the_map_of_the_specification_is_current() -> None:
    folder = spec_file("endpoints.tsv").parent
    assert TARGET.read_text() == page(folder), "run `python -m tools.spec_map`"


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", f"/v3/rooms/{HOLE}/send/{HOLE}/{HOLE}"),
        ("/v3/rooms/<room_id>/state", f"/v3/rooms/{HOLE}/state"),
        ("/_matrix/client/v3/pushrules/", "/v3/pushrules"),
        ("/_matrix/client/r0/sync?timeout=1", "/v3/sync"),
        ("/.well-known/matrix/client", "/.well-known/matrix/client"),
    ],
)
def test_paths_are_compared_without_root_query_and_names(path: str, shape: str) -> None:
    assert shape_of(path) == shape


@pytest.mark.parametrize(
    ("asked", "is_it"),
    [
        (f"/v3/rooms/{HOLE}/invite", True),
        (f"/v3/rooms/!a:b/{HOLE}", True),
        (f"/v3/{HOLE}/x/{HOLE}", False),
        ("/v3/rooms/!a:b/kick", False),
        ("/v3/rooms/!a:b", False),
    ],
)
def test_a_path_in_a_test_is_one_of_the_operation(asked: str, is_it: bool) -> None:
    assert matches(f"/v3/rooms/{HOLE}/invite", asked) == is_it


def test_handlers_are_found_by_row_and_by_docstring() -> None:
    known = handlers()
    assert [one.name for one in known["GET", "/v3/sync"]] == ["sync"]
    assert [one.name for one in known["GET", f"/media/thumbnail/{HOLE}/{HOLE}"]] == ["thumbnail"]
