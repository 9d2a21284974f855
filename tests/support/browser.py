"""The browser of the browser tests: found, or installed; without one the tests fail, never left out silently."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import run_folder
from tests.support.browser_npm import chromium_from_npm

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """No Chromium could be found or installed; the message lists what was tried."""


def find_chromium() -> Path:
    """A Chromium: `$CHROMIUM`, PATH, Playwright's cache, Debian's package (as root), npm, a download.

    Raises NoBrowser.
    """
    with run_folder.locked("chromium"):
        tried: list[str] = []
        for find in (_from_environment, _from_path, _from_playwright, _from_debian, chromium_from_npm, _by_download):
            found = find()
            if isinstance(found, Path):
                return found
            tried.append(found)
        raise NoBrowser("no Chromium for the browser tests: " + "; ".join(tried))


def launch_arguments(*, spki: str | None = None) -> list[str]:
    """Chromium's flags; `spki`: base64 SHA-256 of the one throw-away key whose certificate errors are let pass."""
    arguments = ["--disable-dev-shm-usage", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    if spki is not None:
        arguments.append(f"--ignore-certificate-errors-spki-list={spki}")
    return arguments


def _from_environment() -> Path | str:
    named = os.environ.get("CHROMIUM")
    if not named:
        return "$CHROMIUM is not set"
    return Path(named) if Path(named).exists() else f"$CHROMIUM names {named}, which is not there"


def _from_path() -> Path | str:
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return f"none of {', '.join(NAMES)} on PATH"


def _from_playwright() -> Path | str:
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    programs = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return programs[-1] if programs else f"none in Playwright's cache {cache}"


def _from_debian() -> Path | str:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return "not root on Debian, so apt-get was not asked (apt-get install chromium)"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wanted = ["chromium", "fonts-noto-color-emoji"]  # scenes were drawn with its emoji
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *wanted]):
        done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, timeout=600)
        if done.returncode != 0 and command[0] == "install":
            return f"apt-get install chromium failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
    found = _from_path()
    return found if isinstance(found, Path) else "apt-get installed chromium, but it is not on PATH"


def _by_download() -> Path | str:
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], capture_output=True, text=True, timeout=600
    )
    if done.returncode != 0:
        return "playwright install chromium failed (it needs the internet)"
    return _from_playwright()
