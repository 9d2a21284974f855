"""Where tests find the specification's files and the reference vectors.

Specification: `$HEARTH_SPEC`, else `shared/spec` beside the checkout; a test that needs a file which is not there is
skipped, but fails where `CI` is `true`. Vectors: `$HEARTH_VECTORS`, else `shared/vectors` beside the checkout, else the
selection in `tests/vectors`, so those tests always run.
"""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
_SELECTION = _ROOT / "tests" / "vectors"


def spec_file(name: str) -> Path:
    """A file of the specification, e.g. `test-vectors.json`."""
    path = _folder("HEARTH_SPEC", "spec") / name
    if not path.exists():
        why = f"{name} of the specification is not here: set HEARTH_SPEC to the folder that holds it"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    return path


def spec_json(name: str) -> Any:
    """A JSON file of the specification, parsed."""
    return json.loads(spec_file(name).read_text())


def vectors(name: str) -> Iterator[dict[str, Any]]:
    """The cases of one file of vectors, e.g. `auth_rules`."""
    for folder in (_folder("HEARTH_VECTORS", "vectors"), _SELECTION):
        for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
            if path.exists():
                with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
                    yield from map(json.loads, lines)
                return
    raise FileNotFoundError(f"no vectors {name}")


def _folder(variable: str, name: str) -> Path:
    return Path(os.environ.get(variable) or _ROOT.parent / "shared" / name)
