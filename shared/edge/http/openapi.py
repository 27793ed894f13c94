"""Writes the OpenAPI document of a service; the same document is served at /openapi.json."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import FastAPI


def render(app: FastAPI) -> str:
    """Return the document of *app* as text that differs only when the interface does."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write(app: FastAPI, path: Path) -> bool:
    """Write the document of *app* to *path*; returns whether it changed."""
    text = render(app)
    if path.exists() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return True
