"""What `./run test --full PART` runs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.parts import FOLDERS, chosen

SOURCE = pytest.Config.ArgsSource


def runs(
    test: str, *full: str, marks: str = "", short: str = "", source: pytest.Config.ArgsSource = SOURCE.TESTPATHS
) -> bool:
    config = SimpleNamespace(getoption=lambda _: list(full), args_source=source, rootpath=Path("/house"))
    own = {"full": marks.split(), "short": short.split()}
    item = SimpleNamespace(
        path=Path("/house/tests") / test, iter_markers=lambda name: [SimpleNamespace(args=tuple(own[name]))]
    )
    return chosen(cast("Any", config), cast("Any", item))


def test_every_run_has_the_short_tests_and_no_long_one() -> None:
    assert runs("sync/test_a.py")
    assert not runs("sync/test_a.py", marks="reliability")


def test_a_part_is_its_long_tests_and_its_folders() -> None:
    assert runs("sync/test_a.py", "reliability", marks="reliability")
    assert runs("reliability/test_a.py", "reliability")
    assert not runs("sync/test_a.py", "reliability")
    assert not runs("phone/test_a.py", "reliability", marks="phone")
    assert runs("browser/test_a.py", "foreign", marks="foreign")
    assert not runs("browser/test_a.py", "foreign")
    assert not runs("browser/test_a.py", "browser", marks="foreign")


def test_what_a_part_runs_with_more_is_left_out_of_it_alone() -> None:
    assert runs("browser/test_a.py", short="browser")
    assert runs("browser/test_a.py", "phone", short="browser", source=SOURCE.ARGS)
    assert not runs("browser/test_a.py", "browser", short="browser")
    assert not runs("browser/test_a.py", "browser", short="browser", source=SOURCE.ARGS)
    assert not runs("browser/test_a.py", "all", short="browser")


def test_where_files_are_named_the_short_tests_stay() -> None:
    assert runs("sync/test_a.py", "reliability", source=SOURCE.ARGS)
    assert not runs("sync/test_a.py", "reliability", marks="phone", source=SOURCE.ARGS)


def test_all_parts_are_everything() -> None:
    assert runs("sync/test_a.py", "all")
    assert all(runs("sync/test_a.py", "all", marks=part) for part in FOLDERS)


def test_a_part_that_is_not_there_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match="the parts are reliability, "):
        runs("sync/test_a.py", "evil")
