"""What a browser works: CPU of its processes by kind, and of a page's main thread by task."""

import contextlib
from collections import defaultdict
from dataclasses import dataclass, field

import psutil

KIND = "--type="
_SHORT = {"gpu-process": "drawing", "renderer": "pages", "utility": "network and storage"}


def browser_cost() -> dict[str, float]:
    """CPU seconds of this process's browsers so far, by kind of process."""
    spent: dict[str, float] = defaultdict(float)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if not any("chrom" in part for part in command[:2]):
                continue
            kind = next((part.removeprefix(KIND) for part in command if part.startswith(KIND)), "browser")
            times = process.cpu_times()
            spent[_SHORT.get(kind, kind)] += times.user + times.system
    return dict(spent)


@dataclass(slots=True)
class Cost:
    """Seconds of CPU: of the page's main thread with its parts, and of all processes by kind."""

    main_s: float = 0.0
    script_s: float = 0.0
    layout_s: float = 0.0
    style_s: float = 0.0
    processes: dict[str, float] = field(default_factory=dict)

    def rest_of_pages_s(self) -> float:
        """Of the processes of pages, what is not the main thread's: rasters, compositors, workers."""
        return max(0.0, self.processes.get("pages", 0.0) - self.main_s)

    def text(self, count: int, one: str) -> str:
        """Per one of `count`, ms."""
        ms = 1000 / max(count, 1)
        parts = f"script {self.script_s * ms:.1f}, style {self.style_s * ms:.1f}, layout {self.layout_s * ms:.1f}"
        others = ", ".join(f"{kind} {spent * ms:.1f}" for kind, spent in sorted(self.processes.items()))
        return f"per {one}: main thread {self.main_s * ms:.1f} ms ({parts}); CPU {others}"
