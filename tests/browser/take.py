"""`python -m tests.browser.take`: take the base of the snapshots and the contact sheet of the documents anew.

With `--to FOLDER` all scenes in all views are left there as PNG to be looked at, and nothing else is changed.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, async_playwright

from tests.browser.pictures import BASE, FACTS, Facts, base_file, base_views, opened, unlike_base
from tests.browser.scene_page import STILL_ARGUMENTS, VIEWS, Looking, View, build, fonts_beside_ours, served
from tests.support import run_folder
from tests.support.browser import find_chromium, launch_arguments
from tools.environment import ROOT

SHEET = ROOT / "docs" / "contact-sheet.webp"
COLUMNS = 5
CELL = (400, 300)
GAP = 8


async def take_base(browser: Browser, url: str) -> None:
    """Write the base pictures, what they were taken with, and the contact sheet."""
    async with Looking.at(browser, url, View(1440)) as looking:
        names = await looking.names()
        facts = Facts(browser.version.split(".")[0], await fonts_beside_ours(looking.page))
    BASE.mkdir(exist_ok=True)
    for old in BASE.glob("*.webp"):
        old.unlink()
    wanted = base_views(names)
    for view in VIEWS:
        async with Looking.at(browser, url, view) as looking:
            for name in [name for name, its in wanted if its == view]:
                keep(opened(await looking.picture(name)), base_file(name, view))
    FACTS.write_text(json.dumps(facts._asdict(), indent=2) + "\n", encoding="utf-8")
    sheet([base_file(name, view) for name, view in wanted])


def keep(picture: Image.Image, file: Path) -> None:
    """Write a picture of the base as small as it can be compared: many small emoji bear no loss of colour."""
    picture.save(file, "WEBP", quality=90, method=6)
    if unlike_base(picture, opened(file)) > 0:
        picture.save(file, "WEBP", lossless=True, method=6)


def sheet(files: list[Path]) -> None:
    """All pictures of the base on one: wide ones, narrow ones, by day and by night in turn."""
    rows = -(-len(files) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * (CELL[0] + GAP) + GAP, rows * (CELL[1] + GAP) + GAP), "#8a9099")
    for number, file in enumerate(files):
        cell = opened(file)
        cell.thumbnail(CELL, Image.Resampling.LANCZOS)
        left = GAP + (number % COLUMNS) * (CELL[0] + GAP) + (CELL[0] - cell.width) // 2
        whole.paste(cell, (left, GAP + (number // COLUMNS) * (CELL[1] + GAP)))
    whole.save(SHEET, "WEBP", quality=75, method=6)


async def take_all(browser: Browser, url: str, folder: Path, only: list[str]) -> None:
    """Every scene in every view."""
    folder.mkdir(parents=True, exist_ok=True)
    for view in VIEWS:
        async with Looking.at(browser, url, view) as looking:
            for name in only or await looking.names():
                (folder / f"{name}-{view}.png").write_bytes(await looking.picture(name))


async def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.take", description=__doc__)
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="leave all pictures there, change nothing else")
    parser.add_argument("--only", action="append", default=[], metavar="SCENE", help="with --to: these scenes")
    asked = parser.parse_args()
    run_folder.make()
    async with async_playwright() as playwright, served(build()) as url:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=[*launch_arguments(), *STILL_ARGUMENTS]
        )
        if asked.to:
            await take_all(browser, url, asked.to, asked.only)
        else:
            await take_base(browser, url)
        await browser.close()
    run_folder.remove()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
