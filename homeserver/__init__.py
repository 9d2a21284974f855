"""Hearth, a federated Matrix homeserver with its own web client.

The layers and what may import what are in docs/architecture.md and, as contracts a machine checks, in pyproject.toml.
"""

__version__ = "0.1.0"
