"""docker-compose.yml as compose would read it: merged, with the defaults of its variables."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.architecture.tree import ROOT

FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<how>[-?])(?P<rest>[^}]*))?\}")
IMAGE = "gradeline:local"


def load(given: dict[str, str] | None = None) -> dict[str, Any]:
    """The whole file, each variable replaced by what is *given*, else by its default; one without stays as it is."""

    def value(found: re.Match[str]) -> str:
        default = found["rest"] if found["how"] == "-" else found[0]
        return (given or {}).get(found["name"], default)

    whole: dict[str, Any] = yaml.safe_load(VARIABLE.sub(value, FILE.read_text("utf-8")))
    return whole


def services(given: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = load(given)["services"]
    return found


def ours() -> list[str]:
    """The names of those that run Gradeline."""
    return [name for name, service in services().items() if service.get("image") == IMAGE]


def port_of_metrics(environment: dict[str, Any]) -> int:
    """Where a process with this environment shows its figures."""
    return int(environment.get("GRADELINE_METRICS_PORT", environment.get("GRADELINE_PORT", 0)))


def secrets_made(folder: Path) -> Path:
    """Run `make_secrets.sh` on a copy of it in *folder*. Returns the folder of the secrets."""
    script = Path(shutil.copy(ROOT / "deploy" / "make_secrets.sh", folder))
    subprocess.run([script], check=True, timeout=60)
    return folder / "secrets"
