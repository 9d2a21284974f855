"""The commands behind `./run`. Standard library only: it runs before anything is installed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from tools import build_web, evidence
from tools.environment import PYTHON, ROOT, VENV, SetupError, alone, prepare, prepare_apart, say

RUN, TEST, LINT = "requirements.txt", "requirements-test.txt", "requirements-lint.txt"
TEST_LIMIT_S = 15 * 60
COVERED = [
    "--cov=homeserver.protocol",
    "--cov-branch",
    "--cov-report=term-missing:skip-covered",
    "--cov-fail-under=100",
]
CORE = ["tests/protocol", *COVERED]
REST = ["tests", "--ignore=tests/protocol"]
SYNAPSE = ROOT / ".venv-synapse"


def main(arguments: Sequence[str], usage: str) -> int:
    """Run one command; answers its exit code."""
    commands = {"test": test, "lint": lint, "demo": demo, "bench": bench}
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        print(usage.strip())
        return 0
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # without compiled modules each start costs 2 s more
    web = "--no-web" not in arguments
    rest = [argument for argument in arguments if argument != "--no-web"]
    command = commands[rest.pop(0)] if rest and rest[0] in commands else serve
    try:
        return command(rest, web=web)
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def serve(arguments: list[str], *, web: bool) -> int:
    """Start the homeserver in this process's place."""
    set_up(web=web)
    return become("-m", "homeserver", *(arguments if arguments[:1] == ["serve"] else ["serve", *arguments]))


def demo(arguments: list[str], *, web: bool) -> int:
    """Start two servers that federate with each other."""
    set_up(web=web)
    return become("-m", "tools.demo", *arguments)


def bench(arguments: list[str], *, web: bool) -> int:
    """Measure, if asked beside Synapse in an environment of its own."""
    set_up(TEST, web=web)
    if "synapse" in arguments or "--against=synapse" in arguments:
        with alone():
            os.environ["HEARTH_SYNAPSE_PYTHON"] = str(prepare_apart(SYNAPSE, "requirements-synapse.txt"))
    return become("-m", "tests.performance", *arguments)


def set_up(*locks: str, web: bool) -> None:
    """Bring packages and web client up to date."""
    with alone():
        prepare(RUN, *locks)
        if web:
            build_web.build(build_web.node_home(VENV))


def become(*arguments: str) -> int:
    """Run the environment's Python in this process's place."""
    os.chdir(ROOT)
    command = [str(PYTHON), *arguments]
    sys.stdout.flush()
    return os.execv(command[0], command)


def test(arguments: list[str], *, web: bool) -> int:
    """Run pytest, and without arguments of its own the web client's tests too; the last line counts them all."""
    set_up(TEST, web=web)
    long = any(argument.startswith("--full") for argument in arguments)
    deadline = None if long else time.monotonic() + TEST_LIMIT_S
    runs = [arguments] if arguments else [CORE, REST]
    codes: dict[Path, int] = {}
    with tempfile.TemporaryDirectory(prefix="hearth-reports-") as reports:
        for number, run in enumerate(runs):
            report = Path(reports) / f"pytest{number}.xml"
            codes[report] = pytest(run, report, deadline)
        if not arguments and web:
            report = Path(reports) / "vitest.xml"
            codes[report] = vitest(report)
        if long:
            evidence.record(arguments, sorted(Path(reports).glob("pytest*.xml")))
        return summary(codes)


def summary(codes: dict[Path, int]) -> int:
    """Print what is red in the runners' reports and how many tests there were; 1 if anything is.

    `codes`: the exit code by report. One without a failed test tells of something else, such as coverage or the limit
    of time; it counts as a failure.
    """
    total = [0, 0, 0]
    for report, code in codes.items():
        passed, failed, skipped = count(report)
        for name in failures(report):
            say(f"failed: {name}")
        if passed + failed == 0 or (code != 0 and failed == 0):
            say(f"failed: {report.stem} ended with {code}, not because of a test; its own words are above")
            failed += 1
        total = [one + other for one, other in zip(total, (passed, failed, skipped), strict=True)]
    print("{} passed, {} failed, {} skipped".format(*total), flush=True)
    return 1 if total[1] else 0


def pytest(arguments: Sequence[str], report: Path, deadline: float | None) -> int:
    """pytest's exit code; it is ended at the deadline (monotonic seconds)."""
    workers = [] if any(argument.startswith("-n") for argument in arguments) else ["-n", "2", "--dist", "worksteal"]
    command = [str(PYTHON), "-m", "pytest", f"--junitxml={report}", *workers, *arguments]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        return process.wait(None if deadline is None else max(1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        say(f"the tests took longer than {TEST_LIMIT_S // 60} minutes")
        process.kill()
        process.wait()
        return 1
    except KeyboardInterrupt:
        process.wait()
        raise


def vitest(report: Path) -> int:
    """The exit code of the web client's unit tests."""
    program = build_web.MODULES / "vitest" / "vitest.mjs"
    reporters = ["--reporter=default", "--reporter=junit", f"--outputFile.junit={report}"]
    return build_web.run_node(build_web.node_home(VENV), program, "run", *reporters, check=False)


def count(report: Path) -> list[int]:
    """Passed, failed and skipped tests in a JUnit report; nothing if there is none."""
    if not report.exists():
        return [0, 0, 0]
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - our own runner wrote it
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests") or 0)
        failed += int(suite.get("failures") or 0) + int(suite.get("errors") or 0)
        skipped += int(suite.get("skipped") or 0)
    return [total - failed - skipped, failed, skipped]


def failures(report: Path) -> list[str]:
    """The names of the tests that failed in a JUnit report."""
    if not report.exists():
        return []
    cases = ElementTree.parse(report).getroot().iter("testcase")  # noqa: S314 - our own runner wrote it
    red = (case for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return [f"{case.get('classname')}.{case.get('name')}" for case in red]


def lint(arguments: list[str], *, web: bool) -> int:
    """Run every checker, also after one failed; answers 1 if any did."""
    if arguments or not web:
        raise SetupError("./run lint takes no arguments")
    with alone():
        prepare(RUN, TEST, LINT)
        home = build_web.node_home(VENV)
        build_web.install_modules(home)
    modules = build_web.MODULES
    checks: dict[str, list[str]] = {
        "ruff check": [str(PYTHON), "-m", "ruff", "check", "."],
        "ruff format": [str(PYTHON), "-m", "ruff", "format", "--check", "--quiet", "."],
        "mypy": [str(PYTHON), "-m", "mypy"],
        "lint-imports": [str(PYTHON.with_name("lint-imports"))],
        "vulture": [str(PYTHON), "-m", "vulture"],
        "tsc": [str(modules / "typescript" / "bin" / "tsc"), "--noEmit"],
        "biome": [str(modules / "@biomejs" / "biome" / "bin" / "biome"), "check", "."],
    }
    failed = []
    for name, command in checks.items():
        started = time.monotonic()
        if name in {"tsc", "biome"}:
            code = build_web.run_node(home, *command, check=False)
        else:
            code = subprocess.run(command, cwd=ROOT, check=False).returncode
        say(f"{name}: {'ok' if code == 0 else 'FAILED'} ({time.monotonic() - started:.1f} s)")
        if code != 0:
            failed.append(name)
    print(f"{len(checks) - len(failed)} passed, {len(failed)} failed" + (f": {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0
