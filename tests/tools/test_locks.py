"""The lock files: exact, hashed, the same for everybody, without an address."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.environment import ROOT

LOCKS = sorted([*ROOT.glob("requirements*.txt"), ROOT / "webclient" / "package-lock.json"])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_file_holds_no_address(lock: Path) -> None:
    text = re.sub(r'"funding": (\{[^}]*\}|\[[^]]*\])|"url": "[^"]*"', "", lock.read_text(encoding="utf-8"))
    assert re.findall(r"[^\s\"]*://[^\s\"]*", text) == []


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock.suffix == ".txt"], ids=lambda lock: lock.name)
def test_every_package_has_one_exact_version_and_a_hash(lock: Path) -> None:
    entries = [entry for entry in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8")) if entry.strip()]
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[^\s;]+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_packages_that_two_locks_share_have_the_same_version() -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    run, test, lint = (versions(f"requirements{part}.txt") for part in ("", "-test", "-lint"))
    for one, other in ((run, test), (run, lint), (test, lint)):
        assert {name: one[name] for name in one.keys() & other} == {name: other[name] for name in one.keys() & other}


def test_no_path_of_a_machine_and_no_registry_is_in_a_tracked_text_file() -> None:
    places = [".", ":!tests/tools/test_locks.py"]
    found = subprocess.run(
        ["git", "grep", "-nIE", rf"{re.escape(str(ROOT))}/|/root/|/home/[a-z]|index-url[ =]+[a-z]+:/", "--", *places],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
