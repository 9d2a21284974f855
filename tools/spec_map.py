"""Write docs/spec-map.md: every operation of the specification, who answers it, which tests ask it.

    python -m tools.spec_map [--check]

Reads `endpoints.tsv` of the specification (`$HEARTH_SPEC`, else `shared/spec` beside the checkout) and, without running
anything, the sources: the tables of endpoints, their docstrings, and the paths that stand in the tests. A test asks an
operation when its text holds the path, or calls a method of a client in `tests/support` that holds it. Operations that
Hearth asks of others (application services, push gateways) are found by the path in the source that asks.
"""

import ast
import csv
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tools.environment import ROOT

TARGET = ROOT / "docs" / "spec-map.md"
TABLES = (ROOT / "homeserver" / "client_api", ROOT / "homeserver" / "federation" / "server")
ASKING = ("as", "push")
"""APIs whose operations other programs answer, and Hearth asks."""
PROGRAMS = {"as": "tests.support.appservice", "push": "tests.services.push.gateway"}
"""Which module of the tests runs such a program."""
NAMES = {"cs": "Client-Server", "ss": "Server-Server", "as": "Application Service", "push": "Push Gateway"}
SHOWN_TESTS = 3
GENERATED = "tests/openapi"
HOLE = "\0"
"""Stands for a part of a path that a program fills in."""
_PREFIXES = re.compile(r"^/_matrix/(client|federation|key|media|app|push)(?=/)|^/_matrix(?=/)")
_LACKING = re.compile(r"Not offered: (.+?)\.(?:\s|$)")
_DOCUMENTED = re.compile(r"\b(GET|PUT|POST|DELETE) (/\S+?)[.,;]?(\s|$)")
_TO_THE_BROWSER = re.compile(r"^[A-Z]\w+\.[a-z]\w+$")
"""Commands of Chromium's own protocol, which a test sends by a method of a name that clients of ours have too."""


class Operation(NamedTuple):
    """A row of `endpoints.tsv`. `path` has its parameters in braces."""

    api: str
    method: str
    path: str
    name: str
    priority: str
    deprecated: bool

    @property
    def shape(self) -> str:
        return shape_of(self.path)


class Handler(NamedTuple):
    """A function that answers, or asks: its file below the root, its name, and what the server lacks, if it says so."""

    file: str
    name: str
    lacks: str = ""


class Function(NamedTuple):
    """A function of a source: `rows` are the (method, path) of its decorators, `paths` shapes of what stands in it."""

    name: str
    is_async: bool
    doc: str
    rows: list[tuple[str, str]]
    paths: set[str]


class Source:
    """What a Python file says. The tree is not kept: of all files it would be half a gigabyte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self._constants = _constants_of(tree)
        self.paths: set[str] = set()
        self.functions: list[Function] = []
        self.imports: set[str] = set()
        self.methods_called: set[str] = set()
        self._read(tree, (self.paths,))

    def _read(self, node: ast.AST, within: tuple[set[str], ...]) -> None:
        """Note what the node says, then what is in it. `within`: the paths of the file and of the functions around."""
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.BinOp():
                text = self._text(node)
                if text is not None and "/" in text and len(text) < 500:
                    shape = shape_of(text)
                    for paths in within:
                        paths.add(shape)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                rows = [row for row in map(self._row, node.decorator_list) if row is not None]
                is_async = isinstance(node, ast.AsyncFunctionDef)
                within = (*within, set())
                self.functions.append(Function(node.name, is_async, ast.get_docstring(node) or "", rows, within[-1]))
            case ast.ImportFrom():
                self.imports.add(node.module or "")
            case ast.Call(args=[ast.Constant(value=str(said)), *_]) if _TO_THE_BROWSER.match(said):
                pass
            case ast.Call(func=ast.Attribute(attr=name)):
                self.methods_called.add(name)
        for value in vars(node).values():  # a third of the time of ast.iter_child_nodes
            if isinstance(value, ast.AST):
                self._read(value, within)
            elif isinstance(value, list):
                for one in value:
                    if isinstance(one, ast.AST):
                        self._read(one, within)

    def _row(self, decorator: ast.expr) -> tuple[str, str] | None:
        if not isinstance(decorator, ast.Call) or len(decorator.args) < 2:
            return None
        method, path = self._text(decorator.args[0]), self._text(decorator.args[1])
        return (method, shape_of(path)) if method is not None and path is not None else None

    def _text(self, node: ast.expr) -> str | None:
        """The text that an expression makes, with holes where it is filled in; None if it makes none."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self._constants.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return (self._text(node.left) or "") + (self._text(node.right) or HOLE)
        if not isinstance(node, ast.JoinedStr):
            return None
        parts = []
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            known = self._text(inner)
            parts.append(HOLE if known is None else known)
        return "".join(parts)


def _constants_of(tree: ast.Module) -> Mapping[str, str]:
    """Texts that the module gives a name."""
    found = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            found[target.id] = value.value
    return found


def shape_of(path: str) -> str:
    """A path without its root and query, parameters as holes: what the spellings of one path have in common."""
    path = path.split("?", 1)[0].rstrip()
    path = re.sub(r"\{[^}]*\}|<[^>]*>", HOLE, path)
    path = _PREFIXES.sub("", path).replace("/r0/", "/v3/")
    return path.rstrip("/") or "/"


def matches(shape: str, asked: str) -> bool:
    """Whether a path that a program makes is one of the operation. A hole of the program may stand for any segment."""
    ours, theirs = shape.split("/"), asked.split("/")
    if len(ours) != len(theirs):
        return False
    return all(_fits(one, other) for one, other in zip(ours, theirs, strict=True)) and _is_telling(ours, theirs)


def _fits(ours: str, theirs: str) -> bool:
    if HOLE in ours:
        return theirs != ""
    if theirs == HOLE:
        return True
    return ours == theirs


def _is_telling(ours: list[str], theirs: list[str]) -> bool:
    """A path that names the version and at least one more of the operation's own words, and guesses at most one."""
    pairs = list(zip(ours, theirs, strict=True))
    named = [one for one, other in pairs if HOLE not in one and one == other and one]
    guessed = [one for one, other in pairs if HOLE not in one and other == HOLE]
    return len(named) > 1 and len(guessed) < 2


def spec_folder() -> Path:
    """Where the specification's files are, or should be."""
    return Path(os.environ.get("HEARTH_SPEC") or ROOT.parent / "shared" / "spec")


def operations(folder: Path) -> list[Operation]:
    """All rows of `endpoints.tsv`."""
    with (folder / "endpoints.tsv").open(encoding="utf-8") as rows:
        return [
            Operation(
                row["api"],
                row["method"],
                row["path"].strip(),
                row["operationId"],
                row["priority"],
                row["deprecated"] == "yes",
            )
            for row in csv.DictReader(rows, delimiter="\t")
        ]


@cache
def _source(path: Path) -> Source:
    return Source(path)


def sources(*folders: Path) -> Iterator[Source]:
    """Every Python file below the folders."""
    for folder in folders:
        yield from map(_source, sorted(folder.rglob("*.py")))


def handlers() -> dict[tuple[str, str], list[Handler]]:
    """(method, shape) -> who answers. By the row of a table, else by the operation that a docstring names."""
    found: dict[tuple[str, str], list[Handler]] = defaultdict(list)
    documented: dict[tuple[str, str], list[Handler]] = defaultdict(list)
    for source in sources(*TABLES):
        for function in source.functions:
            if not function.is_async:
                continue
            lacks = _LACKING.search(function.doc)
            here = Handler(source.name, function.name, lacks[1] if lacks is not None else "")
            for row in function.rows:
                found[row].append(here)
            if not function.rows:
                for method, path, _ in _DOCUMENTED.findall(function.doc):
                    documented[method, shape_of(path)].append(here)
    for key, those in documented.items():
        found.setdefault(key, those)
    return found


def handler_of(operation: Operation, known: Mapping[tuple[str, str], list[Handler]]) -> list[Handler]:
    """Who answers the operation: its path may be told without the version (`/media/download/...`)."""
    method, shape = operation.method, operation.shape
    without_version = "/" + shape.split("/", 2)[-1]
    spellings = (shape, without_version, f"/media{without_version}")
    return next((known[method, one] for one in spellings if (method, one) in known), [])


class Asking:
    """What this server asks of other programs: by a path that stands in the source, or a docstring that names it."""

    def __init__(self, files: Iterable[Source]) -> None:
        self._paths = {source.name: source.paths for source in files}
        self._documented: dict[str, dict[tuple[str, str], Handler]] = defaultdict(dict)
        for source in files:
            for function in source.functions:
                if function.is_async:
                    self._read(Handler(source.name, function.name), function.doc)

    def _read(self, handler: Handler, text: str) -> None:
        for api in ASKING:
            for method, path, _ in _DOCUMENTED.findall(text.partition(f"Spec: {NAMES[api]} API, ")[2]):
                self._documented[api][method, shape_of(path)] = handler

    def of(self, operation: Operation) -> list[Handler]:
        """Who asks the operation of another program."""
        shape = operation.shape
        named = self._documented[operation.api].get((operation.method, "/" + shape.split("/", 2)[-1]))
        if named is not None:
            return [named]
        return [Handler(name, "") for name, paths in self._paths.items() if any(matches(shape, one) for one in paths)]


def who_of(operation: Operation, known: Mapping[tuple[str, str], list[Handler]], asked: Asking) -> list[Handler]:
    """Who answers the operation, or asks it of others where it is not ours to answer (policy servers among them)."""
    if operation.api in ASKING:
        return asked.of(operation)
    answering = handler_of(operation, known)
    return answering or (asked.of(operation) if operation.api == "ss" else [])


class Tests:
    """What the tests ask."""

    def __init__(self, folder: Path) -> None:
        support = list(sources(folder / "support"))
        verbs: dict[str, set[str]] = defaultdict(set)
        for source in support:
            for function in source.functions:
                verbs[function.name] |= function.paths
        self._asked: dict[str, set[str]] = {}
        self._imports: dict[str, set[str]] = {}
        names = {source.name for source in support}
        for source in sources(folder):
            if source.name in names or not source.path.name.startswith("test_"):
                continue
            shared = source.path.with_name("conftest.py")
            beside = _source(shared).imports if shared.exists() else set()
            self._imports[source.name] = source.imports | beside
            called = source.methods_called & verbs.keys()
            self._asked[source.name] = source.paths.union(*(verbs[name] for name in called))

    def of(self, operation: Operation) -> list[str]:
        """Files of tests that ask the operation; of other programs' operations, those that run such a program."""
        if operation.api in PROGRAMS:
            return [name for name, imported in self._imports.items() if PROGRAMS[operation.api] in imported]
        shape = operation.shape
        return [name for name, asked in self._asked.items() if any(matches(shape, one) for one in asked)]


def page(folder: Path) -> str:
    """The text of docs/spec-map.md."""
    known, tests = handlers(), Tests(ROOT / "tests")
    asked = Asking(list(sources(ROOT / "homeserver")))
    lines = [
        "# Map of the specification",
        "",
        "Made by `python -m tools.spec_map`; do not edit. Every operation, what answers it (of application services",
        "and push gateways: what asks it), and test files that ask it (of those: that run such a program). Besides,",
        f"`{GENERATED}` makes a case for each client-server operation from the specification's own data.",
        "",
    ]
    rows: dict[str, list[tuple[Operation, list[Handler], list[str]]]] = defaultdict(list)
    for operation in operations(folder):
        who = who_of(operation, known, asked)
        rows[operation.api].append((operation, who, tests.of(operation) if who else []))
    lines += ["| API | operations | there | P0 and P1 missing | P2 missing |", "|---|---|---|---|---|"]
    for api, those in rows.items():
        missing = [operation.priority for operation, who, _ in those if not who]
        later = missing.count("P2")
        lines.append(
            f"| {NAMES[api]} | {len(those)} | {len(those) - len(missing)} | {len(missing) - later} | {later} |"
        )
    for api, those in rows.items():
        lines += ["", f"## {NAMES[api]}", "", "| operation | | code | tests |", "|---|---|---|---|"]
        lines += [_line(operation, who, by) for operation, who, by in those]
    return "\n".join(lines) + "\n"


def _line(operation: Operation, who: list[Handler], asked: list[str]) -> str:
    mark = f"{operation.priority}, deprecated" if operation.deprecated else operation.priority
    code = ", ".join(_short(one) for one in who[:2]) or "-"
    some = ", ".join(f"`{name.removeprefix('tests/')}`" for name in asked[:SHOWN_TESTS]) or "-"
    more = f" +{len(asked) - SHOWN_TESTS}" if len(asked) > SHOWN_TESTS else ""
    return f"| {operation.method} `{operation.path}` | {mark} | {code} | {some}{more} |"


def _short(handler: Handler) -> str:
    file = handler.file.removeprefix("homeserver/")
    named = f"`{file}`" + (f" {handler.name}" if handler.name else "")
    return f"{named}: 404, as {handler.lacks} is not offered" if handler.lacks else named


def main(arguments: list[str]) -> int:
    """Write the page, or only check that it is what would be written."""
    folder = spec_folder()
    if not (folder / "endpoints.tsv").exists():
        print("spec-map: endpoints.tsv is not here: set HEARTH_SPEC to the folder of the specification")
        return 0
    text = page(folder)
    if arguments == ["--check"]:
        is_current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        print("spec-map: " + ("current" if is_current else "out of date: run `python -m tools.spec_map`"))
        return 0 if is_current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
