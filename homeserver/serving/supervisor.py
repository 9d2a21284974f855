"""Several processes on the same sockets: spawned here, watched, restarted with growing pauses, ended together.

Hypercorn's own workers end all when one dies, with exit code 0.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable

import structlog

PAUSES_S = (0.1, 0.5, 2.0, 5.0, 10.0)
STEADY_S = 30.0
END_S = 12.0
POLL_S = 0.05

log = structlog.get_logger("supervisor")


class Supervisor:
    """Runs `run(index)` in `count` child processes until it is told to stop."""

    def __init__(self, count: int, run: Callable[[int], int]) -> None:
        self._run = run
        self._children: dict[int, tuple[int, float]] = {}
        self._due = dict.fromkeys(range(count), 0.0)
        self._failures = dict.fromkeys(range(count), 0)
        self._stopping = False

    def supervise(self) -> int:
        """Returns the exit code: 0 after a signal, 1 if processes had to be killed or none ever lived."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self._stopping:
            now = time.monotonic()
            for index in [index for index, due in self._due.items() if due <= now]:
                self._spawn(index)
            self._reap()
            if all(failures > len(PAUSES_S) for failures in self._failures.values()):
                log.error("giving_up", reason="every process ends right after its start; see the lines above")
                break
            time.sleep(POLL_S)
        return self._end() or int(not self._stopping)

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _spawn(self, index: int) -> None:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_DFL)
                code = self._run(index)
            finally:
                os._exit(code)
        del self._due[index]
        self._children[pid] = (index, time.monotonic())

    def _reap(self) -> None:
        """Plan the restart of every process that has ended."""
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            index, since = self._children.pop(pid)
            now = time.monotonic()
            failures = 0 if now - since > STEADY_S else self._failures[index]
            self._failures[index] = failures + 1
            pause = PAUSES_S[min(failures, len(PAUSES_S) - 1)]
            self._due[index] = now + pause
            log.error("process_ended", index=index, code=os.waitstatus_to_exitcode(status), restart_in_s=pause)

    def _end(self) -> int:
        """End all processes; 1 if some had to be killed."""
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + END_S
        while self._children and time.monotonic() < deadline:
            for pid in list(self._children):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    del self._children[pid]
            time.sleep(POLL_S)
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return int(bool(self._children))


def supervise(count: int, run: Callable[[int], int]) -> int:
    """Run `run(index)` in `count` processes; the exit code of the whole."""
    return Supervisor(count, run).supervise()
