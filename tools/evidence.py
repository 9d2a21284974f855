"""What the long tests showed, written down: `docs/evidence.md`, one section for each run of `./run test --full`."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from tools.environment import ROOT

FILE = ROOT / "docs" / "evidence.md"
TITLE = """# Evidence

Written by `./run test --full PART`, the newest run first: the commit, the machine, the counts, and what tests measured.
"""


def record(parts: Sequence[str], reports: Sequence[Path], file: Path = FILE) -> None:
    """Add the run's section at the top of the file."""
    section = _section(parts, reports)
    before = file.read_text(encoding="utf-8").removeprefix(TITLE).strip() if file.exists() else ""
    file.write_text("\n".join([TITLE, section, *([before] if before else [])]).rstrip() + "\n", encoding="utf-8")


def _section(parts: Sequence[str], reports: Sequence[Path]) -> str:
    passed, failed, measured, took_s = 0, [], [], 0.0
    for report in reports:
        if not report.exists():
            continue
        root = ElementTree.parse(report).getroot()  # noqa: S314 - our own runner wrote it
        took_s += sum(float(suite.get("time") or 0) for suite in root.iter("testsuite"))
        for case in root.iter("testcase"):
            name = f"{case.get('classname', '')}.{case.get('name', '')}".removeprefix("tests.")
            if case.get("name") is None:  # pytest names a test when it is over
                failed.append("a test that was interrupted")
            elif case.find("failure") is not None or case.find("error") is not None:
                failed.append(name)
            elif case.find("skipped") is None:
                passed += 1
            measured += [f"- `{name}`: {one.get('name')}: {one.get('value')}" for one in case.iter("property")]
    lines = [
        f"## {' '.join(parts)}, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC",
        "",
        f"Commit {_commit()}, {os.cpu_count()} cores: {passed} passed, {len(failed)} failed, {took_s:.0f} s.",
        "",
        *(f"- FAILED `{name}`" for name in failed),
        *measured,
    ]
    return "\n".join(lines).rstrip() + "\n"


def _commit() -> str:
    """The short id of the commit, with a star when the files differ from it."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty=*", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"
