"""Comparing pictures of pages, and the base they are held against."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops

from tests.browser.scene_page import VIEWS, View
from tools.environment import ROOT

BASE = ROOT / "tests" / "browser" / "base"
FACTS = BASE / "base.json"
BASE_MOST_BYTES = 3_000_000
BASE_COUNT = 30
STEP = 40
"""Of 255: what a pixel of half the size may differ by from the base, which WebP keeps with small losses."""
SAME = 0.0003
"""Share of pixels that may differ by more: a text that moves by one pixel makes it 100 times that. Run against run,
no pixel may differ at all."""


class Facts(NamedTuple):
    """Where the base was taken: pictures of another browser or with other fonts are not the same."""

    chromium: str
    fonts: str

    @classmethod
    def kept(cls) -> "Facts":
        return cls(**json.loads(FACTS.read_text(encoding="utf-8")))


def base_views(names: Sequence[str]) -> list[tuple[str, View]]:
    """Which scenes the base holds, and in which view: all views take turns."""
    return [(name, VIEWS[number % len(VIEWS)]) for number, name in enumerate(names[:BASE_COUNT])]


def base_file(scene: str, view: View) -> Path:
    return BASE / f"{scene}-{view}.webp"


def opened(picture: bytes | Path) -> Image.Image:
    """As RGB."""
    return Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture).convert("RGB")


def unlike_base(now: Image.Image, base: Image.Image) -> float:
    """Share of pixels that are not what they are in the base; both at half their size."""
    return 1.0 if now.size != base.size else differing(now.reduce(2), base.reduce(2), STEP)


def differing(one: Image.Image, other: Image.Image, step: int = 0) -> float:
    """Share of pixels, 0 to 1, in which a channel differs by more than `step`; 1 where the sizes differ."""
    if one.size != other.size:
        return 1.0
    channels = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    counts = most.histogram()
    return sum(counts[step + 1 :]) / (one.width * one.height)
