"""Settings: one sentence names what is wrong; secrets come from files; the embedded instance stays on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.core.errors import Misconfigured
from shared.edge import settings
from shared.edge.http import trust


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"GRADELINE_{name.upper()}", raising=False)


def test_the_defaults_are_those_of_the_documents() -> None:
    loaded = settings.load()
    assert (loaded.host, loaded.port, loaded.zone, loaded.partitions) == ("127.0.0.1", 8001, "Asia/Shanghai", 12)
    assert (loaded.currency, loaded.kafka, loaded.embedded) == ("CNY", "127.0.0.1:9092", False)
    with pytest.raises(ValidationError):
        loaded.port = 1  # type: ignore[misc]


def test_what_is_given_wins_over_the_environment_and_that_over_a_secret_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gradeline_postgres").write_text("postgresql://from-file/x\n")
    monkeypatch.setenv("GRADELINE_SECRETS", str(tmp_path))
    assert settings.load().postgres == "postgresql://from-file/x"
    monkeypatch.setenv("GRADELINE_POSTGRES", "postgresql://from-environment/x")
    assert settings.load().postgres == "postgresql://from-environment/x"
    assert settings.load(postgres="postgresql://given/x", port=None).postgres == "postgresql://given/x"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("ZONE", "Asia/Peking"),
        ("ZONE", "../etc/passwd"),
        ("CURRENCY", "yuan"),
        ("PARTITIONS", "0"),
        ("KAFKA", "broker"),
        ("INSTANCE", "Main Office"),
        ("EMBEDDED", "perhaps"),
        ("OIDC_JWKS", "http://login.example/jwks"),
        ("SECRETS", "/nowhere"),
        ("LOG_LEVEL", "chatty"),
    ],
)
def test_one_sentence_names_the_setting_that_is_wrong(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"GRADELINE_{name}", value)
    with pytest.raises(Misconfigured) as error:
        settings.load()
    assert error.value.message.startswith(f"GRADELINE_{name}: "), error.value.message
    assert "\n" not in error.value.message


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "gradeline.example"])
def test_the_embedded_instance_refuses_to_listen_beyond_loopback(host: str) -> None:
    with pytest.raises(
        Misconfigured, match=r"GRADELINE_HOST: .* its broker asks for no password and nothing is encrypted"
    ):
        settings.load(embedded=True, host=host)
    assert settings.load(embedded=False, host=host).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_loopback_is_where_the_embedded_instance_listens(host: str) -> None:
    assert settings.load(embedded=True, host=host).host == host


@pytest.mark.parametrize(
    ("given", "named"),
    [({}, "GRADELINE_OIDC_ISSUER"), ({"oidc_issuer": "https://login.example"}, "GRADELINE_OIDC_JWKS")],
)
def test_without_an_issuer_only_the_embedded_instance_starts(given: dict[str, Any], named: str) -> None:
    with pytest.raises(Misconfigured, match=named):
        trust.verifier(settings.load(**given))


def test_a_password_is_never_in_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADELINE_POSTGRES", "postgresql://u:hunter2@h/x")
    monkeypatch.setenv("GRADELINE_PORT", "x")
    with pytest.raises(Misconfigured) as error:
        settings.load()
    assert "hunter2" not in error.value.message


@pytest.mark.slow
def test_a_wrong_setting_ends_the_service_with_status_2_and_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gradeline", "serve", "rating"],
        env={"PATH": "", "GRADELINE_PORT": "eighty"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().count("\n") == 0, done.stderr
    assert "GRADELINE_PORT" in done.stderr
