"""The environment in `.venv`: made at the first start, brought up to date when a lock file changes.

Standard library only: it runs before anything is installed. Each step leaves a stamp, the SHA-256 of all it depends on,
so that a step with nothing to do costs a file read.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"


class SetupError(Exception):
    """A step of the set-up failed; the message says what to do."""


def say(text: str) -> None:
    """Tell the user about a step that takes time."""
    print(f"run: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one `./run` at a time change the environment."""
    with (ROOT / ".run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another ./run that is setting up")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(*parts: bytes) -> str:
    """SHA-256 over all parts, hexadecimal."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


def fresh(folder: Path, step: str, value: str) -> bool:
    """Whether `step` was done last with the same inputs."""
    stamp = folder / ".stamps" / step
    return stamp.exists() and stamp.read_text(encoding="ascii") == value


def done(folder: Path, step: str, value: str) -> None:
    """Note that `step` is done with these inputs."""
    stamp = folder / ".stamps" / step
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(value, encoding="ascii")


def prepare(*locks: str) -> None:
    """Make `.venv` hold the packages of these lock files, exactly at their versions. Raises SetupError."""
    _make_venv(VENV)
    _install(VENV, "bootstrap", ["requirements-bootstrap.txt"], with_uv=False)
    _install(VENV, "packages-" + "-".join(Path(name).stem for name in locks), locks)


def prepare_apart(folder: Path, lock: str) -> Path:
    """A second environment in `folder` for packages that do not go with ours; answers its Python. Raises SetupError."""
    prepare("requirements.txt")
    _make_venv(folder)
    _install(folder, "packages", [lock])
    return folder / PYTHON.relative_to(VENV)


def _make_venv(folder: Path) -> None:
    identity = digest(sys.version.encode(), sys.base_prefix.encode(), str(folder).encode())
    if fresh(folder, "venv", identity):
        return
    _need_ensurepip()
    say(f"making {folder.name} with Python {platform.python_version()}")
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=folder == VENV, symlinks=True)
    done(folder, "venv", identity)


def _need_ensurepip() -> None:
    """Debian splits ensurepip off: as root install it, else say which line does."""
    try:
        import ensurepip
    except ImportError:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    else:
        del ensurepip
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing {package}")
        subprocess.run(["apt-get", "update", "-q"], check=False, stdout=subprocess.DEVNULL)
        if subprocess.run(["apt-get", "install", "-q", "-y", package], check=False).returncode == 0:
            return
    raise SetupError(f"this Python has no ensurepip; on Debian and Ubuntu: sudo apt-get install {package}")


def _install(folder: Path, step: str, locks: Sequence[str], *, with_uv: bool = True) -> None:
    value = digest(*((ROOT / name).read_bytes() for name in locks), sys.version.encode())
    if fresh(folder, step, value):
        return
    files = [argument for name in locks for argument in ("-r", name)]
    python = folder / PYTHON.relative_to(VENV)
    uv = BIN / "uv"
    if with_uv and uv.exists():
        say(f"installing the packages of {', '.join(locks)}")
        command = [str(uv), "pip", "install", "--quiet", "--python", str(python), "--require-hashes"]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    finished = subprocess.run([*command, "--only-binary=:all:", *files], cwd=ROOT, check=False)
    if finished.returncode != 0:
        raise SetupError(
            f"the packages of {', '.join(locks)} could not be installed (see above): check the connection to the "
            f"package registry and start again"
        )
    done(folder, step, value)
