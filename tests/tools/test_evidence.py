"""The page of evidence says what ran, what failed and what was measured."""

import subprocess
import sys
from pathlib import Path

from tools import evidence

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_x"><properties><property name="kills" value="20"/></properties></testcase>
<testcase classname="tests.a" name="test_y"><failure>no</failure></testcase>
<testcase classname="tests.a" name="test_z"><skipped/></testcase>
</testsuite></testsuites>"""


def test_a_run_is_written_above_the_one_before(tmp_path: Path) -> None:
    report, file = tmp_path / "report.xml", tmp_path / "evidence.md"
    report.write_text(REPORT, encoding="utf-8")
    evidence.record(["first"], [report], file)
    evidence.record(["second"], [report, tmp_path / "missing.xml"], file)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(evidence.TITLE)
    assert text.index("## second") < text.index("## first")
    assert text.count("1 passed, 1 failed") == 2
    assert "- FAILED `a.test_y`" in text
    assert "- `a.test_x`: kills: 20" in text


def test_what_was_interrupted_has_not_passed(tmp_path: Path) -> None:
    test, report = tmp_path / "test_it.py", tmp_path / "report.xml"
    test.write_text("def test_one(): pass\ndef test_two(): raise KeyboardInterrupt\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--junitxml={report}"]
    subprocess.run([*command, str(test)], cwd=tmp_path, check=False, capture_output=True)
    evidence.record(["cut"], [report], tmp_path / "evidence.md")
    text = (tmp_path / "evidence.md").read_text(encoding="utf-8")
    assert "1 passed, 1 failed" in text
    assert "- FAILED `a test that was interrupted`" in text
