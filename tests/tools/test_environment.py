"""The set-up: a step is done once for the same inputs; the counts of a test run are honest."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import build_web, commands
from tools.environment import ROOT, digest, done, fresh


def test_a_step_is_fresh_only_for_the_inputs_it_was_done_with(tmp_path: Path) -> None:
    assert not fresh(tmp_path, "packages", digest(b"one"))
    done(tmp_path, "packages", digest(b"one"))
    assert fresh(tmp_path, "packages", digest(b"one"))
    assert not fresh(tmp_path, "packages", digest(b"two"))


def test_the_digest_tells_where_one_part_ends() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")


def test_the_web_client_is_built_again_when_a_source_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_web, "WEB", tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.ts").write_text("one")
    first = build_web.sources_digest(release=False)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "package.js").write_text("not a source")
    assert build_web.sources_digest(release=False) == first
    assert build_web.sources_digest(release=True) != first
    (tmp_path / "src" / "main.ts").write_text("two")
    assert build_web.sources_digest(release=False) != first


def test_a_run_with_a_failed_test_is_counted_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PYTHON", Path(sys.executable))
    tests = tmp_path / "test_sample.py"
    tests.write_text(
        "import pytest\n"
        "def test_right(): pass\n"
        "def test_wrong(): assert 1 == 2\n"
        "@pytest.mark.skip(reason='x')\n"
        "def test_skipped(): pass\n"
        "@pytest.mark.full('reliability')\n"
        "def test_long(): pass\n"
    )
    report = tmp_path / "report.xml"
    options = [
        "-n",
        "0",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    assert commands.pytest([*options, "-p", "tests.conftest", str(tests)], report, None) == 1
    assert commands.count(report) == [1, 1, 1]
    assert commands.pytest([*options, "-p", "tests.conftest", "--full", "all", str(tests)], report, None) == 1
    assert commands.count(report) == [2, 1, 1]


def test_without_a_report_nothing_counts_as_passed(tmp_path: Path) -> None:
    assert commands.count(tmp_path / "missing.xml") == [0, 0, 0]


def test_what_is_red_is_named_at_the_end_also_where_no_test_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = '<testsuites><testsuite tests="2" failures="{}" errors="0" skipped="0">{}</testsuite></testsuites>'
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_text(suite.format(0, '<testcase classname="a" name="b"/>' * 2))
    bad.write_text(
        suite.format(1, '<testcase classname="a" name="b"/><testcase classname="c" name="d"><failure/></testcase>')
    )
    assert commands.summary({good: 0}) == 0
    assert capsys.readouterr().out == "2 passed, 0 failed, 0 skipped\n"
    assert commands.summary({good: 1, bad: 1, tmp_path / "none.xml": 1}) == 1
    red = capsys.readouterr()
    assert "failed: c.d" in red.out + red.err
    assert "failed: good ended with 1" in red.out + red.err
    assert red.out.endswith("3 passed, 3 failed, 0 skipped\n")


def test_the_commands_are_told_on_demand() -> None:
    told = subprocess.run([sys.executable, ROOT / "run", "--help"], capture_output=True, text=True, check=True)
    for command in ("./run test", "./run lint", "./run demo", "./run bench"):
        assert command in told.stdout
