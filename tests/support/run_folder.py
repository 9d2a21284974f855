"""The folder of one test run: shared by all its worker processes, removed at its end.

The process that started pytest makes it; workers find it through the environment.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDER, OWNER = "HEARTH_TEST_RUN", "HEARTH_TEST_RUN_OWNER"


def make() -> None:
    """Make the folder for this run and tell the workers to come."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="hearth-test-")
    os.environ[OWNER] = str(os.getpid())


def remove() -> None:
    """Remove the folder and forget it."""
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)
    os.environ.pop(OWNER)


def path() -> Path:
    """The folder of this run."""
    return Path(os.environ[FOLDER])


def owner() -> int:
    """Process id of the pytest that started the run."""
    return int(os.environ[OWNER])


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one worker at a time do `name`."""
    with (path() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
