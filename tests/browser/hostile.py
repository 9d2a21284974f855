"""Strings and events that mean harm: markup, marks that turn the direction round, towers of accents, wrong types."""

import itertools
import random
from typing import Any

_SCRIPT = "globalThis.owned=1"
_KINDS = ("m.image", "m.video", "m.audio", "m.file")
_SEEDS = (
    f"<script>{_SCRIPT}</script>",
    f"<img src=x onerror={_SCRIPT}>",
    f"<svg/onload={_SCRIPT}>",
    f'<a href="javascript:{_SCRIPT}">x</a>',
    f'<a href=" java\tscript:{_SCRIPT}">x</a>',
    '<img src="https://evil.example/pixel.png">',
    '<img src="mxc://evil.example/pixel" style="position:fixed;inset:0">',
    '<iframe src="https://evil.example/"></iframe>',
    '<form action="https://evil.example/"><input><button>ok</button></form>',
    "<style>*{display:none}</style>",
    '<div style="position:fixed;inset:0;background:url(https://evil.example/)">x</div>',
    '<link rel=stylesheet href="https://evil.example/">',
    f"<math><mtext><table><mglyph><style><img src=x onerror={_SCRIPT}>",
    f"<b onmouseover={_SCRIPT}>hover</b>",
    '<span data-mx-spoiler="<script>">spoiler</span>',
    '<font color="red;background:url(https://evil.example)">x</font>',
    '<base href="https://evil.example/">',
    '<meta http-equiv=refresh content="0;url=https://evil.example/">',
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    f"'\"><img src=x onerror={_SCRIPT}>",
    "{{constructor.constructor('owned')()}} ${owned} %s %n",
    "\u202egnp.exe\u202c \u2066\u2067\u2068 turned round",
    "\u200f\u200e\u061cmarks",
    "Z" + "\u0337\u0321\u0322\u0327\u0328" * 40 + " tower",
    "\u0000\u0001\u0008\ufeff\ufffe control",
    "W" * 3_000,
    "\n" * 300 + "far below",
    "ﷺ" * 200,
    "👨‍👩‍👧‍👦" * 200,
    "ا" * 500 + " عربي",
    "https://" + "a" * 2_000 + ".example/",
    "https://evil.example/" + "/" * 500,
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<" * 2_000,
    "<b>" * 500 + "deep",
    "<blockquote>" * 150 + "deep",
    "<ul><li>" * 120 + "deep",
    "<table>" + "<tr><td>" * 60 + "x",
    '<pre><code class="language-js">' + "x" * 2_000 + "</code></pre>",
    "**" * 300,
    "`" * 301,
    "[x](javascript:alert(1)) ||x|| ~~y~~",
    "]]></x><!-- --!> <!doctype html><html><body onload=alert(1)>",
    "../../../../etc/passwd",
    "\\u003cscript\\u003e",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "',); DROP TABLE events; --",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "null",
    "NaN",
    "-0",
    "\ufffd",
    "",
    " ",
)
"""Sixty of them."""


def strings(count: int) -> list[str]:
    """The sixty; above that also pairs of them, always the same ones."""
    pairs = [one + other for one, other in itertools.product(_SEEDS, repeat=2)]
    random.Random(5).shuffle(pairs)
    return [*_SEEDS, *pairs][:count]


def contents(evil: str) -> list[tuple[str, dict[str, Any]]]:
    """Events that carry a string to every place where the timeline draws one."""
    rich = {"msgtype": "m.text", "body": evil, "format": "org.matrix.custom.html", "formatted_body": evil}
    info = {"mimetype": evil, "w": evil, "h": 1e12, "size": -5, "xyz.amorgan.blurhash": evil, "duration": evil}
    file = {"body": evil, "filename": evil, "url": f"mxc://{evil}", "info": info}
    return [
        ("m.room.message", rich),
        (
            "m.room.message",
            {
                **file,
                "msgtype": _KINDS[len(evil) % len(_KINDS)],
                "app.hearth.forward": {"sender": evil, "name": evil},
                "app.hearth.album": {"id": evil, "i": evil},
                "org.matrix.msc3245.voice": {},
                "org.matrix.msc1767.audio": {"waveform": [evil, -1, 1e9], "duration": evil},
            },
        ),
    ]


def malformed() -> list[tuple[str, dict[str, Any]]]:
    """Events whose fields have types that nobody expects."""
    wrong: list[Any] = [None, 7, -1.5, True, [], [[]], {}, {"a": []}]
    events: list[tuple[str, dict[str, Any]]] = []
    for value in wrong:
        if isinstance(value, float):
            continue  # no event may hold one
        events += [
            ("m.room.message", {"msgtype": value, "body": "x"}),
            ("m.room.message", {"msgtype": "m.text", "body": value}),
            ("m.room.message", {"msgtype": "m.image", "body": "x", "url": value, "info": value}),
            ("m.room.message", {"msgtype": "m.text", "body": "x", "m.relates_to": value, "m.mentions": value}),
            ("m.room.message", {"msgtype": "m.text", "body": "x", "m.relates_to": {"m.in_reply_to": value}}),
            ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": value, "key": value}}),
            ("m.sticker", {"body": value, "url": value}),
            ("org.example.unknown", {"body": value}),
        ]
    return events
