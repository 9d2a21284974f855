"""`./run bench web`: what the web client costs and how fast it is, in Chromium against this server.

The goals are those of the web client's design; the exit code is 1 when one is missed. Two figures beside the times tell
where a time goes: what the page's main thread worked, and what the process worked that draws. Without a graphics card
the second one is large, and frames are late for its sake alone.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from tests.browser.loaded import MAIN, NOTE_WHEN_SHOWN, SIGN_IN, USABLE, engine, loaded, until_usable, weight
from tests.browser.person import Person
from tests.performance.browser_cost import Cost, browser_cost
from tests.performance.heap import kept_bytes
from tests.performance.measure import percentile
from tests.support import run_folder
from tests.support.browser import find_chromium, launch_arguments
from tests.support.client import Server, User
from tests.support.server import ServerProcess
from tools.build_web import DIST
from tools.certificates import local_certificate

PROBE = Path(__file__).with_name("web_probe.js")
LONG = "Ten thousand"
FIRST = "message number 0 "
OTHERS = ["First", "Second", "Third", "Fourth", "Fifth"]
IN_OTHERS = 60
SENDERS = 16
FRAMES = 400
BURST_PER_S = 50
BURST_S = 8.0
SENDS = 20
OPENINGS = 12
READS_S = 0.5
"""How long somebody looks at a chat before the next: what the first leaves to be done is no part of opening another."""
WARM_CYCLES = 10
KB = 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured; `goal`: its limit, None where it only tells; `least`: the goal is a lower limit."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    least: bool = False
    note: str = ""

    @property
    def holds(self) -> bool:
        if self.goal is None:
            return True
        return self.value >= self.goal if self.least else self.value <= self.goal

    def __str__(self) -> str:
        goal = "" if self.goal is None else f"{'at least' if self.least else 'at most'} {self.goal:g}"
        word = "" if self.goal is None else "holds" if self.holds else "MISSED"
        return f"  {self.what:48} {self.value:9.1f} {self.unit:9} {goal:16} {word:7} {self.note}"


class Bench:
    """One page of one reader, and what is asked of it."""

    def __init__(self, person: Person, cdp: CDPSession, talker: User, rooms: dict[str, str]) -> None:
        self._person = person
        self._page: Page = person.page
        self._cdp = cdp
        self._talker = talker
        self._rooms = rooms

    async def comes_in(self) -> None:
        """Sign in, where that is no part of what is measured."""
        await self._person.opens_the_page()
        await self._person.signs_in()
        await self._person.is_live()

    async def sizes(self) -> list[Figure]:
        """Bytes of the first load, before and after signing in."""
        await self._page.add_init_script(NOTE_WHEN_SHOWN)
        await self._person.opens_the_page()
        await self._person.at("sign-in").wait_for()
        await self._page.evaluate("document.fonts.ready")
        before = await loaded(self._page, before="shownAt")
        await self._person.signs_in()
        await self._page.reload()
        await self._person.is_live()
        await until_usable(self._page)
        after = [*await loaded(self._page, before=USABLE), *engine(DIST)]
        return [
            Figure(f"{name}, {kind}", sum(weight(names, kind, DIST).values()) / KB, "kB gzip", limit / KB)
            for name, names, budget in (("sign-in", before, SIGN_IN), ("first load", after, MAIN))
            for kind, limit in budget.items()
        ]

    async def starts(self) -> list[Figure]:
        """How long a reload takes to a list that can be used."""
        taken = []
        for _ in range(5):
            await self._page.reload()
            taken.append(float(await self._page.evaluate("probe.listAfter()")))
            await self._person.is_live()
        return [Figure("reload to the list of chats, from the cache", statistics.median(taken), "ms")]

    async def scrolls(self) -> list[Figure]:
        """Up through messages that come from the server meanwhile."""
        await self._page.evaluate("(name) => probe.open(name)", LONG)
        async with self._counted() as cost:
            found = await self._page.evaluate("(steps) => probe.scrollUp(steps)", FRAMES)
        return [
            Figure(
                f"jumps in {FRAMES} frames of scrolling",
                found["jumps"],
                "frames",
                0,
                note=f"the largest {found['worst']:.1f} px",
            ),
            Figure("frames without a message in sight", found["blank"], "frames", 0),
            Figure("messages in the document", found["rows"], "rows", 180),
            Figure("time from frame to frame, median", found["p50"], "ms", note=cost.text(FRAMES, "frame")),
            Figure("time from frame to frame, p95", found["p95"], "ms"),
        ]

    async def opens(self, cached: int) -> list[Figure]:
        """A chat whose whole history is in the cache, others between."""
        began = time.perf_counter()
        await self._page.evaluate("probe.close()")
        await self._page.evaluate("(name) => probe.open(name)", LONG)
        pages = await self._page.evaluate("(text) => probe.readThrough(text)", FIRST)
        note = f"all {cached} read in {pages} steps, {time.perf_counter() - began:.0f} s"
        taken, cost = await self._openings(LONG, READS_S)
        hasty, _ = await self._openings(LONG, 0)
        small, _ = await self._openings(OTHERS[0], READS_S)
        return [
            Figure(
                f"opening a cached chat of {cached} messages",
                statistics.median(one["painted"] for one in taken),
                "ms",
                100,
                note=cost.text(2 * OPENINGS, "opening"),
            ),
            Figure(
                "of that until its messages are in the document", statistics.median(o["there"] for o in taken), "ms"
            ),
            Figure("the same right after another", statistics.median(one["painted"] for one in hasty), "ms"),
            Figure(
                f"opening a chat of {IN_OTHERS} messages",
                statistics.median(one["painted"] for one in small),
                "ms",
                100,
                note=note,
            ),
        ]

    async def _openings(self, name: str, reads_s: float) -> tuple[list[dict[str, float]], Cost]:
        """Open the chat again and again, from others that were looked at for so long."""
        taken = []
        async with self._counted() as cost:
            for number in range(OPENINGS):
                await self._page.evaluate("(name) => probe.open(name)", OTHERS[1 + number % 3])
                await asyncio.sleep(reads_s)
                taken.append(await self._page.evaluate("(name) => probe.open(name)", name))
                await asyncio.sleep(reads_s)
        return taken, cost

    async def sends(self) -> list[Figure]:
        """Enter, the bubble, the tick."""
        await self._page.evaluate("(name) => probe.open(name)", OTHERS[0])
        await self._page.evaluate("probe.toEnd()")
        seen: list[dict[str, Any]] = []
        for number in range(SENDS):
            text = f"written at {number}."
            await self._person.at("composer-input").fill(text)
            waiting = asyncio.ensure_future(self._page.evaluate("(text) => probe.watchSending(text)", text))
            await asyncio.sleep(0.3)
            await self._person.at("composer-input").press("Enter")
            seen.append(await waiting)
        return [
            Figure("frames from Enter to the own bubble, median", statistics.median(o["frames"] for o in seen), "", 1),
            Figure("frames from Enter to the own bubble, worst", max(one["frames"] for one in seen), ""),
            Figure("Enter to the own bubble in the document", statistics.median(one["shown"] for one in seen), "ms"),
            Figure("Enter to the tick, median", statistics.median(one["ticked"] for one in seen), "ms", 150),
            Figure("Enter to the tick, p95", percentile([one["ticked"] for one in seen], 0.95), "ms"),
        ]

    async def bursts(self) -> list[Figure]:
        """Others write fast into the chat that is open."""
        await self._page.evaluate("(name) => probe.open(name)", OTHERS[4])
        await self._page.evaluate("probe.toEnd()")
        idle = await self._page.evaluate("probe.frames(2000)")
        async with self._counted() as cost:
            counting = asyncio.ensure_future(self._page.evaluate("(ms) => probe.frames(ms)", BURST_S * 1000))
            sent = await self._talk(self._rooms[OTHERS[4]])
            found = await counting
            ended = time.perf_counter()
            await self._person.sees(f"quick {sent - 1}", 60_000)
            late_ms = (time.perf_counter() - ended) * 1000
        return [
            Figure(
                f"frames per second at {sent / BURST_S:.0f} messages a second",
                found["perSecond"],
                "frames",
                50,
                least=True,
                note=cost.text(sent, "message"),
            ),
            Figure("of a core: the page's main thread", cost.main_s / BURST_S * 100, "%"),
            Figure("of a core: rest of the page, rasters and engine", cost.rest_of_pages_s() / BURST_S * 100, "%"),
            Figure("of a core: the process that draws", cost.processes.get("drawing", 0.0) / BURST_S * 100, "%"),
            Figure(
                "frames per second of the main thread alone",
                found["perSecond"] * BURST_S / max(cost.main_s, 0.01),
                "frames",
            ),
            Figure("longest time without a frame", found["longest"], "ms"),
            Figure("the last one is seen after all were sent", late_ms, "ms"),
            Figure("frames per second when nothing happens", idle["perSecond"], "frames"),
        ]

    async def _talk(self, room: str) -> int:
        began = time.perf_counter()
        tasks = []
        for number in range(int(BURST_S * BURST_PER_S)):
            await asyncio.sleep(max(0.0, began + number / BURST_PER_S - time.perf_counter()))
            tasks.append(asyncio.ensure_future(self._talker.says(f"quick {number}", room)))
        await asyncio.gather(*tasks)
        return len(tasks)

    async def cycles(self, count: int) -> list[Figure]:
        """Memory after opening and closing chats again and again, against that after a few times."""
        await self._page.evaluate("probe.close()")
        await self._open_and_close(WARM_CYCLES)
        before, kept_before = await self._memory(), await kept_bytes(self._cdp)
        await self._open_and_close(count)
        after, kept = await self._memory(), await kept_bytes(self._cdp)
        heap = (after["JSHeapUsedSize"] / before["JSHeapUsedSize"] - 1) * 100
        nodes = (after["Nodes"] / before["Nodes"] - 1) * 100
        listeners = after["JSEventListeners"] - before["JSEventListeners"]
        return [
            Figure(f"growth of what scripts keep over {count} openings", (kept / kept_before - 1) * 100, "%", 5),
            Figure("growth of the heap, with compiled code", heap, "%"),
            Figure(f"growth of the document's nodes over {count} openings", nodes, "%", 5),
            Figure("listeners more than before", listeners, "", note=f"of {before['JSEventListeners']:.0f}"),
            Figure("heap of the page", after["JSHeapUsedSize"] / 2**20, "MB", 80),
        ]

    async def _open_and_close(self, count: int) -> None:
        for number in range(count):
            await self._page.evaluate("(name) => probe.open(name)", OTHERS[number % len(OTHERS)])
            await self._page.evaluate("probe.close()")

    async def _memory(self) -> dict[str, float]:
        for _ in range(3):
            await self._cdp.send("HeapProfiler.collectGarbage")
        return await self._metrics()

    async def _metrics(self) -> dict[str, float]:
        found = await self._cdp.send("Performance.getMetrics")
        return {one["name"]: one["value"] for one in found["metrics"]}

    @contextlib.asynccontextmanager
    async def _counted(self) -> AsyncIterator[Cost]:
        """Fills in what the browser worked meanwhile."""
        cost = Cost()
        before, processes = await self._metrics(), browser_cost()
        yield cost
        after = await self._metrics()
        cost.script_s = after["ScriptDuration"] - before["ScriptDuration"]
        cost.layout_s = after["LayoutDuration"] - before["LayoutDuration"]
        cost.style_s = after["RecalcStyleDuration"] - before["RecalcStyleDuration"]
        now = browser_cost()
        cost.processes = {kind: now[kind] - processes.get(kind, 0.0) for kind in now}


async def seed(server: Server, messages: int) -> tuple[User, dict[str, str]]:
    """A reader in a few chats and one long one; the one who talks in them, and the rooms by name."""
    reader, talker = await server.users("reader", "talker")
    rooms: dict[str, str] = {}
    for name in [LONG, *OTHERS]:
        rooms[name] = await talker.creates_room(name=name, inviting=reader)
        await reader.joins(rooms[name])
    began = time.perf_counter()

    async def say(name: str, numbers: range) -> None:
        for number in numbers:
            await talker.says(f"message number {number} " + "and words " * (number * 7919 % 23), rooms[name])

    await say(LONG, range(1))
    await asyncio.gather(*(say(LONG, range(start + 1, messages, SENDERS)) for start in range(SENDERS)))
    await asyncio.gather(*(say(name, range(IN_OTHERS)) for name in OTHERS))
    print(f"seeded {messages} messages in {time.perf_counter() - began:.0f} s", flush=True)
    return talker, rooms


async def bench(messages: int, cycles: int, only: list[str], size: dict[str, int]) -> int:
    """Start a server and a browser, measure, print; 1 when a goal is missed."""
    run_folder.make()
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        server = ServerProcess(Path(folder) / "server", local_certificate(Path(folder)), rate_limits={"enabled": False})
        await server.start()
        try:
            async with Server(server.url, server.name) as client, async_playwright() as playwright:
                talker, rooms = await seed(client, messages)
                browser = await playwright.chromium.launch(executable_path=find_chromium(), args=launch_arguments())
                print(f"Chromium {browser.version}", flush=True)
                one = await _in_a_page(browser, server, talker, rooms, size)
                figures = await measured(one, messages, cycles, only)
                await browser.close()
        finally:
            await server.kill()
    run_folder.remove()
    missed = [figure for figure in figures if not figure.holds]
    print(f"{len(missed)} of {sum(figure.goal is not None for figure in figures)} goals missed")
    return 1 if missed else 0


async def _in_a_page(
    browser: Browser, server: ServerProcess, talker: User, rooms: dict[str, str], size: dict[str, int]
) -> Bench:
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, locale="en-GB", reduced_motion="no-preference"
    )
    await context.add_init_script(path=PROBE)
    page = await context.new_page()
    page.set_default_timeout(60_000)
    cdp = await context.new_cdp_session(page)
    await cdp.send("Performance.enable")
    return Bench(Person("reader", page, server.url, server.name), cdp, talker, rooms)


async def measured(one: Bench, messages: int, cycles: int, only: list[str]) -> list[Figure]:
    """All figures, or those of the parts in `only`, printed as they come."""
    figures: list[Figure] = []
    parts: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
        "sizes": one.sizes,
        "starts": one.starts,
        "scrolls": one.scrolls,
        "sends": one.sends,
        "bursts": one.bursts,
        "opens": lambda: one.opens(messages),
        "cycles": lambda: one.cycles(cycles),
    }
    if only and "sizes" not in only:
        await one.comes_in()
    for name, measure in parts.items():
        if only and name not in only:
            continue
        for figure in await measure():
            print(figure, flush=True)
            figures.append(figure)
    return figures


def main(arguments: list[str]) -> int:
    """Run what the command line asks for."""
    layout = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="./run bench web", description=__doc__, formatter_class=layout)
    parser.add_argument("--messages", type=int, default=10_000, help="in the long chat")
    parser.add_argument("--cycles", type=int, default=200, help="openings over which memory is compared")
    parser.add_argument("--only", nargs="+", default=[], metavar="PART", help="sizes starts scrolls sends bursts ...")
    parser.add_argument("--size", default="1280x800", metavar="WxH", help="of the window, px")
    asked = parser.parse_args(arguments)
    width, _, height = asked.size.partition("x")
    size = {"width": int(width), "height": int(height)}
    return asyncio.run(bench(asked.messages, asked.cycles, asked.only, size))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
