"""What `deploy` and docker-compose.yml say: valid by their schemas, and about things that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from gradeline.metrics_page import declared
from shared.edge.settings import PREFIX, Settings
from tests.architecture import documents
from tests.architecture.tree import ROOT
from tests.support import compose

PROMETHEUS = ROOT / "deploy" / "prometheus"
SPOKEN = re.compile(r"`(gradeline [^`]+)`")
METRIC = re.compile(r"\bgradeline_[a-z_]+\b")


def valid(path: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


def test_the_compose_file_is_valid_by_the_schema_of_compose(tmp_path: Any) -> None:
    done = valid(str(compose.FILE))
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(compose.FILE.read_text("utf-8").replace("stop_grace_period:", "stop_grace:"), "utf-8")
    assert valid(str(wrong)).returncode == 1, "the schema says yes to anything"


@pytest.mark.parametrize("service", compose.ours())
def test_our_services_are_told_what_there_is_to_tell(service: str) -> None:
    told = compose.services()[service]
    names = {name.removeprefix(PREFIX).lower() for name in told["environment"]}
    assert names <= set(Settings.model_fields)
    assert not list(documents.wrong_in(f"gradeline {' '.join(told['command'])}"))


def test_files_and_secrets_that_the_compose_file_names_are_there_or_are_made() -> None:
    whole = compose.load()
    made = (ROOT / "deploy" / "make_secrets.sh").read_text("utf-8")
    for name, secret in whole["secrets"].items():
        assert secret["file"] == f"deploy/secrets/{name}"
        assert f"keep {name} " in made
    for service in whole["services"].values():
        assert set(service.get("secrets", ())) <= set(whole["secrets"])
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in whole["volumes"], volume


def test_prometheus_asks_each_process_where_it_shows_its_figures() -> None:
    services, asked = compose.services(), {}
    for job in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))["scrape_configs"]:
        (found,) = job["dns_sd_configs"]
        (asked[job["job_name"]],) = [(found["port"], found["names"] == [job["job_name"]])]
    running = {name for name in compose.ours() if services[name]["restart"] == "unless-stopped"}
    ports = {name: compose.port_of_metrics(services[name]["environment"]) for name in running}
    assert asked == {name: (port, True) for name, port in ports.items()}


def test_every_metric_in_a_rule_exists() -> None:
    rules = (PROMETHEUS / "rules.yml").read_text("utf-8")
    used = set(METRIC.findall(rules))
    assert used
    assert used <= {one.name for one in declared()}
    for group in yaml.safe_load(rules)["groups"]:
        for rule in group["rules"]:
            assert set(rule["annotations"]) == {"summary", "do"}
            for spoken in SPOKEN.findall(rule["annotations"]["do"]):
                assert not list(documents.wrong_in(spoken))
