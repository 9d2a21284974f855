"""The page of evidence says what ran, what failed and what was measured."""

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
