"""The client-server operations of the specification as data, read when tests run; nothing of it is in this repository.

`operations()` is cheap (one table); `Loaded` reads the OpenAPI files of one operation when it is asked for.
"""

import csv
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema  # type: ignore[import-untyped] # it has none
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tools.spec_map import spec_folder

Json = dict[str, Any]
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


class Operation(NamedTuple):
    """One row of `endpoints.tsv`; `key` names it among the client-server operations."""

    method: str
    path: str
    key: str
    auth: str
    is_limited: bool
    source: str

    @property
    def needs_token(self) -> bool:
        return self.auth in {"bearer", "bearer+uia", "as_token"}


def operations() -> list[Operation]:
    """Every client-server operation; none where the specification is not here."""
    table = spec_folder() / "endpoints.tsv"
    if not table.exists():
        return []
    with table.open(encoding="utf-8") as rows:
        return [
            Operation(
                row["method"],
                row["path"].strip(),
                row["operationId"],
                row["auth"],
                row["rate_limited"] == "yes",
                row["source_file"],
            )
            for row in csv.DictReader(rows, delimiter="\t")
            if row["api"] == "cs"
        ]


class _Loader(yaml.CSafeLoader):
    """YAML without timestamps: examples hold texts that look like some."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in _Loader.yaml_implicit_resolvers.items()
}


@cache
def _document(uri: str) -> Any:
    with Path(uri.removeprefix("file://")).open(encoding="utf-8") as file:
        return yaml.load(file, Loader=_Loader)


def _retrieve(uri: str) -> Resource[Any]:
    return DRAFT202012.create_resource(_document(uri))


_REGISTRY: Registry[Any] = Registry(retrieve=_retrieve)  # type: ignore[call-arg] # its types know no retrieve


class Loaded:
    """An operation with its schemas."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._uri = f"file://{spec_folder() / 'openapi' / 'api' / operation.source}"
        self._described = self._find()

    def _find(self) -> Json:
        """The description whose operationId is the operation's: paths may stand twice, told apart by a blank."""
        for methods in _document(self._uri)["paths"].values():
            for method, described in methods.items():
                if method.upper() == self.operation.method and described.get("operationId") == self.operation.key:
                    return dict(described)
        raise LookupError(self.operation.key)

    def _resolved(self, node: Any, uri: str) -> tuple[Any, str]:
        while isinstance(node, Mapping) and "$ref" in node:
            found = _REGISTRY.resolver(base_uri=uri).lookup(str(node["$ref"]))
            node, uri = found.contents, found.resolver._base_uri
        return node, uri

    def _schema_in(self, holder: Any) -> Json | None:
        """The JSON schema of a body, with references made whole."""
        described, uri = self._resolved(holder, self._uri)
        content = (described or {}).get("content", {}).get("application/json")
        if content is None or "schema" not in content:
            return None
        return dict(_absolute(content["schema"], uri))

    @property
    def answer_schema(self) -> Json | None:
        """The schema of a 200 body; None where it is no JSON."""
        return self._schema_in(self._described.get("responses", {}).get("200"))

    @property
    def body_schema(self) -> Json | None:
        """The schema of the request's body; None without a JSON body."""
        return self._schema_in(self._described.get("requestBody"))

    @property
    def required_fields(self) -> list[str]:
        """Fields that the body must have."""
        return sorted({name for part in _parts(self.body_schema) for name in part.get("required", ())})

    @property
    def field_types(self) -> dict[str, str]:
        """Fields of the body that have one simple type."""
        found: dict[str, str] = {}
        for part in _parts(self.body_schema):
            for name, schema in part.get("properties", {}).items():
                if isinstance(schema.get("type"), str):
                    found[name] = schema["type"]
        return found

    @property
    def parameters(self) -> list[Json]:
        """Query and path parameters."""
        return [dict(self._resolved(one, self._uri)[0]) for one in self._described.get("parameters", ())]

    def problems(self, answer: object) -> Iterator[str]:
        """What is wrong with a 200 body by the schema."""
        schema = self.answer_schema
        if schema is None:
            return
        for error in validator(schema).iter_errors(answer):
            where = "/".join(map(str, error.absolute_path))
            yield f"{where}: {error.message[:300]}"


def resolved(schema: Json) -> Json:
    """The schema itself, where it only refers to one."""
    while "$ref" in schema:
        found = _REGISTRY.resolver().lookup(schema["$ref"])
        schema = dict(_absolute(found.contents, found.resolver._base_uri))
    return schema


def validator(schema: Json) -> Any:
    """A validator that follows the references of the specification's files."""
    return jsonschema.Draft202012Validator(schema, registry=_REGISTRY)


def _parts(schema: Json | None) -> Iterator[Json]:
    """The schema and all that it is made of."""
    if schema is None:
        return
    schema = resolved(schema)
    yield schema
    for part in schema.get("allOf", ()):
        yield from _parts(part)


@lru_cache(maxsize=4096)
def _joined(uri: str, reference: str) -> str:
    """A reference of a document as a whole URI. File names hold `$`, so nothing is encoded."""
    file, _, fragment = reference.partition("#")
    base = uri.partition("#")[0]
    whole = base if not file else f"file://{(Path(base.removeprefix('file://')).parent / file).resolve()}"
    return f"{whole}#{fragment}" if fragment else whole


def _absolute(node: Any, uri: str) -> Any:
    """The schema with whole references: it may then be used away from its file."""
    if isinstance(node, Mapping):
        return {
            key: _joined(uri, value) if key == "$ref" and isinstance(value, str) else _absolute(value, uri)
            for key, value in node.items()
            if key not in {"example", "examples"}
        }
    if isinstance(node, list):
        return [_absolute(one, uri) for one in node]
    return node
