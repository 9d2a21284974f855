"""The parts of the long tests: what `--full PART` adds to a run, and what it runs where nothing else is named."""

from typing import Final

import pytest

ALL: Final = "all"
FOLDERS: Final = {
    "reliability": ("reliability",),
    "federation": ("federation",),
    "interop": ("interop",),
    "fuzz": ("openapi", "visibility", "media", "protocol"),
    "browser": ("browser",),
    "foreign": (),
    "phone": ("phone",),
}
"""Each part has the tests marked `full(part)`, and the folders of `tests/` that are about the same.

`foreign` is the stories of `browser` told again at a Synapse: both together would take longer than half an hour.
"""


def asked(config: pytest.Config) -> set[str]:
    """The parts that the run names, each of them for `all`.

    Raises:
        pytest.UsageError: there is no such part.
    """
    parts = set(config.getoption("--full"))
    if unknown := parts - FOLDERS.keys() - {ALL}:
        raise pytest.UsageError(f"--full {min(unknown)}: the parts are {', '.join(FOLDERS)} and {ALL}")
    return set(FOLDERS) if ALL in parts else parts


def chosen(config: pytest.Config, item: pytest.Item) -> bool:
    """Whether the test runs: `./run test` has the short ones, `--full PART` alone what is of the part.

    A test marked `short(part)` is one that the part runs with more: 60 strings where the part has 500 with these among
    them. Where the command names files, `--full` only adds the long tests to them.
    """
    parts = asked(config)
    marks = _parts_of(item, "full")
    if _parts_of(item, "short") & parts:
        return False
    if marks:
        return bool(marks & parts)
    names_files = config.args_source is pytest.Config.ArgsSource.ARGS
    if not parts or names_files or ALL in config.getoption("--full"):
        return True
    folder = item.path.relative_to(config.rootpath / "tests").parts[0]
    return any(folder in FOLDERS[part] for part in parts)


def _parts_of(item: pytest.Item, name: str) -> set[str]:
    return {part for mark in item.iter_markers(name) for part in mark.args}
