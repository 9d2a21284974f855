"""Files for the stories: small, made here, each with a look or a sound of its own."""

import base64
import io
import math
import struct
import wave
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

_FILM = """async () => {
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 180;
  const pen = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm' });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.start();
  for (let frame = 0; frame < 20; frame += 1) {
    pen.fillStyle = `hsl(${frame * 18}, 80%, 50%)`;
    pen.fillRect(0, 0, 320, 180);
    await new Promise((next) => setTimeout(next, 50));
  }
  await new Promise((stopped) => { recorder.onstop = stopped; recorder.stop(); });
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""


def photo(folder: Path, name: str, size: tuple[int, int], colour: str) -> Path:
    """A JPEG of one colour with a brighter corner."""
    picture = Image.new("RGB", size, colour)
    picture.paste("white", (0, 0, size[0] // 4, size[1] // 4))
    picture.save(folder / name, "JPEG", quality=90)
    return folder / name


def png(size: tuple[int, int], colour: str) -> bytes:
    """A PNG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def halves(size: tuple[int, int], left: str, right: str) -> bytes:
    """A PNG of two colours, one beside the other."""
    out = io.BytesIO()
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    picture.save(out, "PNG")
    return out.getvalue()


def tune(folder: Path, name: str, seconds: float, pitch_hz: float = 440.0) -> Path:
    """A WAV with one tone."""
    rate = 8_000
    samples = (int(12_000 * math.sin(2 * math.pi * pitch_hz * at / rate)) for at in range(int(seconds * rate)))
    with wave.open(str(folder / name), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return folder / name


async def film(page: Page, folder: Path, name: str) -> Path:
    """A WebM of a second, recorded by the browser itself."""
    encoded: str = await page.evaluate(_FILM)
    (folder / name).write_bytes(base64.b64decode(encoded))
    return folder / name
