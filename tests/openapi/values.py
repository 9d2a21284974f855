"""Values by a JSON schema, right ones and wrong ones, by a seeded choice; and what was heard, to be said again."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.openapi.specification import Json, resolved

TEXTS = (
    "",
    "x",
    "0",
    "-1",
    "null",
    "true",
    "\0",
    "é😀",
    "a b",
    "../..",
    "%2e%2e%2f",
    "'; --",
    "<b>",
    "x" * 300,
    "m.room.message",
    "m.room.member",
    "!x",
    "$x",
    "@x:y",
    "#x:hearth.test",
    "hearth.test",
    "t5",
    "s1.1-1",
)
NUMBERS = (0, 1, -1, 2**31, 2**53 - 1, 2**53, -(2**63), 2**70, 100, 1.5)
OTHERS: tuple[Any, ...] = (None, True, [], {}, [[]], {"a": None}, 1e300)
MAX_DEPTH = 5
HEARD_AT_ONCE = 40
SIGILS = {"!": "room", "$": "event", "@": "user", "#": "alias"}
KEPT = ("_id", "batch", "version", "token", "start", "end", "content_uri", "etag", "from")
FAST = {"timeout": "0", "timeout_ms": "0"}
"""Parameters by which a server would wait."""


class Fuzz:
    """Makes values and remembers what answers held."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._heard: dict[str, list[str]] = defaultdict(list)

    def hears(self, answer: object) -> None:
        """Remember ids and tokens of an answer."""
        for name, text in _texts(answer, ""):
            kind = SIGILS.get(text[:1])
            if kind is None and not name.endswith(KEPT):
                continue
            known = self._heard[kind or name]
            known.append(text)
            del known[:-HEARD_AT_ONCE]

    def text(self, name: str) -> str:
        """A text for a field of this name: one that was heard, or a strange one."""
        lower = name.lower()
        kind = next((kind for kind in SIGILS.values() if kind in lower), name)
        heard = self._heard.get(kind) or self._heard.get(name)
        if heard and self.chance.random() < 0.7:
            return self.chance.choice(heard)
        if self.chance.random() < 0.2 and self._heard:
            return self.chance.choice(self.chance.choice(list(self._heard.values())))
        return self.chance.choice(TEXTS)

    def query(self, parameter: Json) -> str:
        """A value of a query parameter."""
        name = parameter["name"]
        if name in FAST:
            return FAST[name]
        schema = resolved(parameter.get("schema", {}))
        value = self.value(schema, name)
        return value if isinstance(value, str) else str(value).lower()[:200]

    def value(self, schema: Json | None, name: str = "", depth: int = 0) -> Any:
        """A value by the schema, one time in eight something else."""
        schema = resolved(schema or {})
        if self.chance.random() < 0.12:
            return self.chance.choice(OTHERS)
        if schema.get("enum") and self.chance.random() < 0.8:
            return self.chance.choice(schema["enum"])
        for union in ("oneOf", "anyOf"):
            if schema.get(union):
                return self.value(self.chance.choice(schema[union]), name, depth)
        kind = schema.get("type", "object" if "properties" in schema or "allOf" in schema else "string")
        if isinstance(kind, list):
            kind = self.chance.choice(kind)
        match kind:
            case "object":
                return self._object(schema, depth) if depth < MAX_DEPTH else {}
            case "array":
                n = self.chance.choice((0, 1, 1, 2)) if depth < MAX_DEPTH else 0
                return [self.value(schema.get("items"), name, depth + 1) for _ in range(n)]
            case "integer" | "number":
                return self.chance.choice(NUMBERS)
            case "boolean":
                return self.chance.random() < 0.5
            case _:
                return self.text(name)

    def _object(self, schema: Json, depth: int) -> Json:
        made: Json = {}
        for part in (schema, *map(resolved, schema.get("allOf", ()))):
            required = set(part.get("required", ()))
            for name, of_field in part.get("properties", {}).items():
                if self.chance.random() < (0.92 if name in required else 0.4):
                    made[name] = self.value(of_field, name, depth + 1)
            more = part.get("additionalProperties")
            if isinstance(more, Mapping):
                for _ in range(self.chance.choice((0, 1, 2))):
                    made[self.text("user" if depth == 1 else "room")] = self.value(dict(more), "", depth + 1)
        return made


def _texts(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if len(value) < 256:
            yield name, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(key, "")
            yield from _texts(one, str(key))
    elif isinstance(value, list):
        for one in value[:20]:
            yield from _texts(one, name)
