"""Which release of the software runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def software_version() -> str:
    """The version of the installed package; 0 where it runs without being installed."""
    try:
        return version("gradeline")
    except PackageNotFoundError:
        return "0"
