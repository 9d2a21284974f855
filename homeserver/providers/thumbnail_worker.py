"""Decodes what strangers made: a script of its own, run by `thumbnails` in a process without files, network or secrets.

It reads jobs on standard input and answers on standard output, each as a length (4 bytes), a JSON head and bytes. Every
job is done in a fork, so that nothing of one image reaches the next. Imports nothing of the server.
"""

import io
import json
import os
import resource
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from PIL import Image, ImageSequence

MEMORY_BYTES: Final = 512 * 1024 * 1024
CPU_S: Final = 5
MAX_PIXELS: Final = 40_000_000
MAX_FRAMES: Final = 1_000
MAX_FRAME_PIXELS: Final = 160_000_000
"""Of all frames that are decoded for an animated thumbnail."""
MAX_KEPT_PIXELS: Final = 24_000_000
"""Of all frames of an animated thumbnail, which are in memory together."""
ANIMATED: Final = "image/webp"
_MAGIC: Final = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"))
_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}

ORIENTATION: Final = 0x0112
"""The tag by which a camera says how it was held."""
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_THE_SIDE: Final = frozenset({_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8]})

Job = dict[str, Any]
Made = tuple[dict[str, object], bytes]


class Refused(Exception):
    """No thumbnail is made; the message is the word for it: `type`, `pixels`."""


def format_of(data: bytes) -> str:
    """The format by the first bytes, whatever anybody says it is."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    raise Refused("type")


def thumbnail(job: Job, data: bytes) -> Made:
    """The head and the bytes of the answer."""
    name = format_of(data)
    with Image.open(io.BytesIO(data), formats=[name]) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Refused("pixels")
        is_animated = bool(getattr(image, "is_animated", False))
        moves = bool(job["animated"]) and is_animated and _may_move(image, job)
        turn = _TURNS.get(image.getexif().get(ORIENTATION, 1)) if name == "JPEG" else None
        if turn in _ON_THE_SIDE:
            job = {**job, "width": job["height"], "height": job["width"]}
        if _box(image.size, job)[0] == image.size and moves == is_animated and turn is None:
            return {"same": True, "content_type": _TYPES[name]}, b""
        return _moving(image, job) if moves else _still(image, job, turn)


def _may_move(image: Image.Image, job: Job) -> bool:
    frames: int = getattr(image, "n_frames", 1)
    size, _ = _box(image.size, job)
    return (
        frames <= MAX_FRAMES
        and frames * image.width * image.height <= MAX_FRAME_PIXELS
        and frames * size[0] * size[1] <= MAX_KEPT_PIXELS
    )


def _still(image: Image.Image, job: Job, turn: Image.Transpose | None) -> Made:
    edge = max(job["width"], job["height"])
    # Lets a JPEG be decoded at an eighth of its size; never below twice what is needed.
    image.draft("RGB", (edge * 2, edge * 2))
    has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    small = _shrunk(image if image.mode == mode else image.convert(mode), job)
    if turn is not None:
        small = small.transpose(turn)
    small.info.clear()  # metadata: where a picture was taken is nobody's business
    out = io.BytesIO()
    if has_alpha:
        small.save(out, "PNG", optimize=True)
        return {"content_type": "image/png"}, out.getvalue()
    small.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return {"content_type": "image/jpeg"}, out.getvalue()


def _moving(image: Image.Image, job: Job) -> Made:
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(_shrunk(frame.convert("RGBA"), job))
        durations.append(max(20, int(frame.info.get("duration", 100))))
    for frame in frames:
        frame.info.clear()
    out = io.BytesIO()
    frames[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=int(image.info.get("loop", 0)),
        quality=70,
        method=1,
    )
    return {"content_type": ANIMATED}, out.getvalue()


def _shrunk(image: Image.Image, job: Job) -> Image.Image:
    size, box = _box(image.size, job)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)


def _box(size: tuple[int, int], job: Job) -> tuple[tuple[int, int], tuple[float, float, float, float]]:
    """The size of the thumbnail, never larger than the image, and the part of the image that it shows."""
    width, height = size
    if job["method"] == "crop":
        shrink = min(1.0, width / job["width"], height / job["height"])
        target = (max(1, round(job["width"] * shrink)), max(1, round(job["height"] * shrink)))
        scale = max(target[0] / width, target[1] / height)
        shown = (min(width, target[0] / scale), min(height, target[1] / scale))
        left, top = (width - shown[0]) / 2, (height - shown[1]) / 2
        return target, (left, top, left + shown[0], top + shown[1])
    scale = min(1.0, job["width"] / width, job["height"] / height)
    return (max(1, round(width * scale)), max(1, round(height * scale))), (0, 0, width, height)


def _warm_up() -> None:
    """Have everything loaded that is loaded on first use: later no file can be opened."""
    Image.MAX_IMAGE_PIXELS = None  # ours is lower, and an answer in place of a warning
    Image.init()
    for name in _TYPES:
        out = io.BytesIO()
        frames = [Image.new("RGB", (64, 48), color) for color in ("red", "blue")]
        frames[0].save(out, name, **({} if name == "JPEG" else {"save_all": True, "append_images": frames[1:]}))
        for animated in (False, True):
            for method in ("crop", "scale"):
                thumbnail({"width": 32, "height": 32, "method": method, "animated": animated}, out.getvalue())
    out = io.BytesIO()
    Image.new("RGBA", (64, 48)).save(out, "PNG")
    thumbnail({"width": 32, "height": 32, "method": "crop", "animated": False}, out.getvalue())


def _lock_up() -> None:
    """From here on: no new file or socket, no core dump, no more memory than this."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _in_fork(work: Callable[[], None]) -> bool:
    """Do the work in a process of its own; False if it did not come to its end."""
    number = os.fork()
    if number == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(number, 0)[1] == 0


def _answer(out: BinaryIO, job: Job, data: bytes) -> None:
    try:
        head, body = thumbnail(job, data)
    except Refused as error:
        head, body = {"error": str(error)}, b""
    except Exception:  # noqa: BLE001 - a decoder raises what it likes; all of it means the same
        head, body = {"error": "broken"}, b""
    _send(out, head, body)


def _send(out: BinaryIO, head: dict[str, object], body: bytes) -> None:
    text = json.dumps({**head, "size": len(body)}).encode("ascii")
    out.write(len(text).to_bytes(4, "big") + text + body)
    out.flush()


def main() -> None:
    """Work until there is nothing more to read."""
    jobs, out = sys.stdin.buffer, sys.stdout.buffer
    os.nice(10)
    _warm_up()
    _lock_up()
    while length := jobs.read(4):
        job: Job = json.loads(jobs.read(int.from_bytes(length, "big")))
        data = jobs.read(job["size"])
        if not _in_fork(lambda: _answer(out, job, data)):  # noqa: B023 - called at once
            _send(out, {"error": "broken"}, b"")
        del data


if __name__ == "__main__":
    main()
