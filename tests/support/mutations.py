"""Valid JSON made wrong in ways that a parser or a rule may stumble over, from a seed. For tests of hostile peers."""

import copy
import random
from collections.abc import Callable, Mapping
from typing import Any

from homeserver.protocol.events import build_pdu, seal
from homeserver.protocol.hashes import content_hash, encode_base64
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.signing import SigningKey, sign_event

Json = dict[str, Any]

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**53 - 1, 2**53, -(2**53), 2**63, 2**64, 10**40, 1.5, -0.0, 1e300,
    "", " ", "\0", "x", "\x7f", "\u202e", "\U0001f600", "﷽" * 40, "a" * 256, "b" * 70_000, "@", "@:", "@a:",
    "!", "!x", "$", "$x:y", "$" + "A" * 43, "#x:y", "[::1]", "127.0.0.1", "../../etc", "%2F", "m.room.create",
    "m.room.power_levels", "join", "ban", "0100", " 5 ", "1_000", "NaN", "null", [], {}, [[]], [None], [{}], {"": None},
    {"a": {"a": {"a": {"a": []}}}}, ["$x"] * 25, [["$x", {"sha256": "x"}]], {"__proto__": 1}, {"ed25519:1": "x"},
)  # fmt: skip


class Mutator:
    """Makes variants. The same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def mutated(self, value: Json, changes: int | None = None) -> Json:
        """A copy with one to three changes somewhere in it."""
        changed = copy.deepcopy(dict(value))
        for _ in range(changes or self._random.choice((1, 1, 1, 2, 3))):
            self._change(changed)
        return changed

    def mutated_pdu(self, pdu: Mapping[str, Any], rules: RoomVersion, key: SigningKey) -> Json:
        """A mutated event, half of them hashed and signed anew as far as that can be done."""
        changed = self.mutated(dict(pdu))
        if self._random.random() < 0.5:
            changed = resealed(changed, rules, key)
        return changed

    def pick(self, choices: "list[Callable[[], Json]]") -> Json:
        """What one of these makes."""
        return self._random.choice(choices)()

    def _change(self, root: Json) -> None:
        places = list(_places(root))
        if not places:
            return
        holder, name = self._random.choice(places)
        match self._random.randrange(6):
            case 0:
                del holder[name]
            case 1 if isinstance(holder, list):
                holder.append(copy.deepcopy(self._random.choice(holder)))
            case 2:
                other, key = self._random.choice(places)
                if key in range(len(other)) if isinstance(other, list) else key in other:
                    holder[name] = copy.deepcopy(other[key])
            case 3:
                value: Any = holder[name]
                for _ in range(self._random.choice((1, 60, 200))):
                    value = [value]
                holder[name] = value
            case _:
                holder[name] = copy.deepcopy(self._random.choice(ODD))
        if isinstance(holder, dict) and self._random.random() < 0.1:
            holder[str(self._random.choice(("event_id", "unsigned", "redacts", "outlier", "zzz", "")))] = (
                self._random.choice(ODD)
            )


def resealed(pdu: Json, rules: RoomVersion, key: SigningKey) -> Json:
    """The event with the right hash and signature for what it says now; as it is where it has none."""
    try:
        bare = {name: value for name, value in pdu.items() if name not in ("signatures", "unsigned", "hashes")}
        hashed = bare | {"hashes": {"sha256": encode_base64(content_hash(bare, rules))}}
        return sign_event(hashed, rules, key)
    except Exception:  # noqa: BLE001 - what cannot be signed is sent as it is
        return pdu


def made(rules: RoomVersion, key: SigningKey, **fields: Any) -> Json:
    """A signed event, without any check of whether it is allowed."""
    return dict(seal(build_pdu(rules, **fields), rules, key).pdu)


def _places(value: Any) -> "list[tuple[Any, Any]]":
    """Every (holder, key or index) of a JSON value."""
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        holder = pending.pop()
        names = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        for name in names:
            found.append((holder, name))
            if isinstance(holder[name], dict | list):
                pending.append(holder[name])
    return found
