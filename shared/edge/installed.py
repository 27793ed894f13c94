"""Files that stand outside the packages in a checkout, and inside them where a wheel was installed (`setup.py`)."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
INSIDE = HERE / "installed_files"
CHECKOUT = HERE.parents[1]

TOPICS = INSIDE / "topics" if INSIDE.is_dir() else CHECKOUT / "deploy" / "topics"
"""The folder of the topics as data."""
ASYNCAPI = INSIDE / "asyncapi.yaml" if INSIDE.is_dir() else CHECKOUT / "docs" / "asyncapi.yaml"
"""The published AsyncAPI document."""
