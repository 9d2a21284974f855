"""What a browser works: CPU of its processes by kind, and of a page's main thread by task."""

import contextlib
from collections import defaultdict
from dataclasses import dataclass, field

import psutil

KIND = "--type="
MAIN = "main threads of pages"
_SHORT = {"gpu-process": "drawing", "renderer": "pages", "utility": "network and storage"}


def browser_cost() -> dict[str, float]:
    """CPU seconds of this process's browsers so far, by kind of process; those of `MAIN` are also among the pages'."""
    spent: dict[str, float] = defaultdict(float)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if not any("chrom" in part for part in command[:2]):
                continue
            kind = next((part.removeprefix(KIND) for part in command if part.startswith(KIND)), "browser")
            times = process.cpu_times()
            spent[_SHORT.get(kind, kind)] += times.user + times.system
            if kind == "renderer":
                spent[MAIN] += sum(
                    one.user_time + one.system_time for one in process.threads() if one.id == process.pid
                )
    return dict(spent)


@dataclass(slots=True)
class Cost:
    """Seconds of CPU by kind of process; of the main thread's parts the time that went by, waits for a core with it."""

    script_s: float = 0.0
    layout_s: float = 0.0
    style_s: float = 0.0
    processes: dict[str, float] = field(default_factory=dict)

    @property
    def main_s(self) -> float:
        """Of the main threads of pages."""
        return self.processes.get(MAIN, 0.0)

    def rest_of_pages_s(self) -> float:
        """Of the processes of pages, what is not the main thread's: rasters, compositors, workers."""
        return max(0.0, self.processes.get("pages", 0.0) - self.main_s)

    def text(self, count: int, one: str) -> str:
        """Per one of `count`, ms."""
        ms = 1000 / max(count, 1)
        parts = f"script {self.script_s * ms:.1f}, style {self.style_s * ms:.1f}, layout {self.layout_s * ms:.1f}"
        spent = ", ".join(f"{kind} {spent * ms:.1f}" for kind, spent in sorted(self.processes.items()))
        return f"CPU in ms per {one}: {spent}; went by: {parts}"
