"""`./run bench`: what this server does per second and what that costs, alone or beside Synapse in the same run.

    ./run bench [--against synapse | --aged] [--only WORD ...] [--runs 3] [--seconds 5] [--quick]
    ./run bench web [--messages 10000] [--cycles 200] [--only PART ...] [--size 1280x800]
    ./run bench federation [--against synapse] [--only WORD ...] [--runs 3] [--seconds 5] [--quick]
    ./run bench joins [--against synapse] [--members 200 20000] [--runs 3]

Each subject has one process and a database of its own in one PostgreSQL with fsync on; the driver is this process. The
subjects take turns in every scenario, and each figure is the median of the runs. Absolute figures move with the
machine: quote ratios of one run, and none below 1.5.

With `--aged` the subjects are this server on a young database and on one of 1,000,000 events in 10,000 rooms, made by
the first run and kept; what age costs is printed, and the exit code is 1 when a goal is missed.
"""

import argparse
import gc
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil
import uvloop

from homeserver.storage.embedded import EmbeddedPostgres
from tests.performance import federation, joins, search, web
from tests.performance.aged import drop_left_over, prepared
from tests.performance.measure import Figures, median
from tests.performance.report import aged, compared, table
from tests.performance.scenarios import OURS_ALONE, SCENARIOS, Plan
from tests.performance.subjects import Hearth, Subject, Synapse

STILL = {"autovacuum": "off", "checkpoint_timeout": "30min", "max_wal_size": "8GB"}
"""Of PostgreSQL while ages are compared: what it does in the background would count for whom it happens to meet."""


def main() -> int:
    """Run what the command line asks for."""
    if sys.argv[1:2] == ["search"]:
        return search.main(sys.argv[2:])
    if sys.argv[1:2] == ["web"]:
        return web.main(sys.argv[2:])
    if sys.argv[1:2] == ["federation"]:
        return federation.main(sys.argv[2:])
    if sys.argv[1:2] == ["joins"]:
        return joins.main(sys.argv[2:])
    layout = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__, formatter_class=layout)
    parser.add_argument("--against", choices=["synapse"], help="measure Synapse in the same run")
    parser.add_argument("--aged", action="store_true", help="this server on a young and on an old database")
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="scenarios whose name has WORD")
    parser.add_argument("--runs", type=int, default=3, help="runs of each scenario; the median counts")
    parser.add_argument("--seconds", type=float, default=5, help="length of a run that is not counted in rounds")
    parser.add_argument("--quick", action="store_true", help="one short run of each, to see that all work")
    asked = parser.parse_args()
    if asked.quick:
        asked.runs, asked.seconds = 1, 1.0
    if asked.against and asked.aged:
        sys.exit("--aged compares this server with itself alone")
    if asked.against == "synapse" and "HEARTH_SYNAPSE_PYTHON" not in os.environ:
        sys.exit("start it by `./run bench --against synapse`, which sets Synapse up")
    return uvloop.run(bench(asked))


async def bench(asked: argparse.Namespace) -> int:
    """Start the subjects, run the scenarios in turn, print the tables."""
    plan = Plan(asked.seconds, rounds=5 if asked.quick else 20, rooms=20 if asked.quick else 200)
    names = [name for name in SCENARIOS if not asked.only or any(word in name for word in asked.only)]
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        place, seeded = await prepared() if asked.aged else (Path(folder) / "postgres", {})
        postgres = EmbeddedPostgres(place, settings={"max_connections": "60", **(STILL if asked.aged else {})})
        await postgres.start()
        subjects: list[Subject] = []
        try:
            if asked.aged:
                await drop_left_over(postgres)
                subjects += [Hearth(Path(folder) / name, postgres, name=name, seeded=seeded[name]) for name in seeded]
            else:
                subjects.append(Hearth(Path(folder) / "hearth", postgres))
            if asked.against == "synapse":
                subjects.append(Synapse(Path(folder) / "synapse", postgres))
            for subject in subjects:
                await subject.start(subject.name if asked.aged else "template0")
                print(
                    f"{subject.name}: started in {subject.start_s:.1f} s, {subject.meters.memory_mb():.0f} MB",
                    flush=True,
                )
            return tell(subjects, await measure(subjects, names, plan, asked.runs))
        finally:
            for subject in subjects:
                await subject.stop()
            await postgres.stop()


def tell(subjects: list[Subject], results: dict[str, dict[str, Figures]]) -> int:
    """Print the tables; 1 when a goal of age is missed."""
    for subject in subjects:
        print(f"\n{subject.name}: {subject.meters.memory_mb():.0f} MB at the end")
        print(table(results[subject.name]))
    if "synapse" in results:
        print("\n" + compared(results["hearth"], results["synapse"]))
    if "old" not in results:
        return 0
    text, missed = aged(results["young"], results["old"])
    print("\n" + text)
    for one in missed:
        print(f"missed: {one}")
    return 1 if missed else 0


async def measure(subjects: list[Subject], names: list[str], plan: Plan, runs: int) -> dict[str, dict[str, Figures]]:
    """The median figures by subject and scenario."""
    results: dict[str, dict[str, Figures]] = {subject.name: {} for subject in subjects}
    for name in names:
        taken: dict[str, list[Figures]] = {subject.name: [] for subject in subjects}
        for _ in range(runs):
            for subject in subjects:
                if OURS_ALONE in name and isinstance(subject, Synapse):
                    continue
                for one in subjects:
                    await one.meters.at_rest()
                figures = await SCENARIOS[name](subject, plan)
                taken[subject.name].append(figures)
                print(f"  {name}: {subject.name} {figures.per_second:.1f}/s, p50 {figures.p50_ms:.1f} ms", flush=True)
                gc.collect()
        for subject in subjects:
            if taken[subject.name]:
                results[subject.name][name] = median(taken[subject.name])
    return results


def machine() -> str:
    """One line about where the figures were taken."""
    memory = psutil.virtual_memory().total / 2**30
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{time.strftime('%Y-%m-%d')}: {psutil.cpu_count()} cores, {memory:.0f} GB, load before {load}"


if __name__ == "__main__":
    sys.exit(main())
