"""Every setting, declared once. From `GRADELINE_…` variables and the files of the folder `GRADELINE_SECRETS`."""

from __future__ import annotations

import os
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.core.errors import Misconfigured

PREFIX = "GRADELINE_"


class Settings(BaseSettings):
    """What an installation decides. Frozen; the description of each field says what it is for."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    postgres: str = Field(
        "",
        description="address of the database: postgresql://user@host/name; without it nothing is served or worked on, and "
        "commands take the database of the instance that runs from DATA",
    )
    kafka: Annotated[str, Field(pattern=r"^[^\s:/]+:\d{1,5}(,[^\s:/]+:\d{1,5})*$", description="host:port[,…]")] = (
        "127.0.0.1:9092"
    )
    host: str = Field("127.0.0.1", min_length=1, description="address the service listens on")
    port: int = Field(8001, ge=0, le=65_535, description="port the service listens on; 0 takes a free one")
    metrics_port: int = Field(
        0, ge=0, le=65_535, description="port of /metrics of a worker or relay, at HOST; 0 takes a free one"
    )
    zone: str = Field("Asia/Shanghai", description="IANA time zone whose midnight opens a business day")
    instance: str = Field("main", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="name in our own event sources")
    data: Path = Field(Path(".gradeline"), description="folder of the embedded instance: database, keys")
    embedded: bool = Field(False, description="true: our own database, broker and token key, loopback only")
    partitions: int = Field(12, ge=1, le=1024, description="partitions of every topic, fixed when they are created")
    currency: str = Field(
        "CNY", pattern=r"^[A-Z]{3}$", description="currency where neither customer nor items name one"
    )
    go_live: date | None = Field(
        None, description="first day of whose decisions staff are told, YYYY-MM-DD; else every current day is told"
    )
    history_url: str = Field(
        "",
        description="address of the API that a new or lagging service loads history from before it follows the topics",
    )
    history_token: str = Field("", description="bearer token for it, with the scope audit:read")
    policies: Path | None = Field(
        None, description="folder of the rules that rate; else those that come with the product"
    )
    alert_rules: Path | None = Field(
        None, description="folder of alerts.yaml and routes.yaml; else those that come with the product"
    )
    secrets: Path | None = Field(None, description="folder of files named like settings, for passwords")
    console_url: str = Field(
        "",
        pattern=r"^(https?://[^\s]+[^\s/])?$",
        description="address of the pages staff use: where links in messages lead",
    )
    mail_host: str = Field("", description="mail server that takes messages to staff; without one none go by mail")
    mail_port: int = Field(587, ge=1, le=65_535, description="its port")
    mail_tls: str = Field(
        "starttls", pattern="^(starttls|tls|none)$", description="how the way to it is encrypted: starttls, tls, none"
    )
    mail_user: str = Field("", description="name at the mail server")
    mail_password: SecretStr = Field(SecretStr(""), description="password at the mail server")
    mail_from: str = Field("Gradeline <gradeline@localhost>", min_length=3, description="sender of mail to staff")
    remind_companies: str = Field(
        "",
        pattern=r"^(\*|[^\s,*]+(,[^\s,*]+)*)?$",
        description="companies of ours whose customers are written to about what they owe: 1000[,…], or * for all; empty: none",
    )
    outbound_networks: str = Field(
        "",
        description="internal networks where webhooks and robots may be reached, also by http: 10.20.0.0/16[,…]; public ones "
        "are reached by https alone",
    )
    outbound_ports: str = Field(
        "443,8443", pattern=r"^\d{1,5}(,\d{1,5})*$", description="ports that webhooks and robots may be reached at"
    )
    oidc_issuer: str = Field("", description="issuer of bearer tokens: the `iss` they must carry")
    oidc_audience: str = Field("gradeline", min_length=1, description="the `aud` bearer tokens must carry")
    oidc_jwks: str = Field("", description="https address of the issuer's public keys (JWKS)")
    person_claim: str = Field(
        "sub",
        min_length=1,
        description="claim of a token that names the person behind the account: four eyes are two persons, not two accounts",
    )
    cache_mb: int = Field(4_096, ge=64, le=1_048_576, description="memory for customers' states in one worker, in MB")
    pool: int = Field(10, ge=2, le=200, description="database connections of one process")
    readers: int = Field(
        2, ge=1, le=64, description="processes of the API that compute what reads of a customer answer"
    )
    read_seconds: float = Field(10, gt=0, le=600, description="longest time such a read may be computed")
    pool_seconds: float = Field(5, gt=0, le=60, description="longest wait for a free database connection")
    statement_seconds: float = Field(10, gt=0, le=600, description="longest time one database statement may take")
    drain_seconds: int = Field(10, ge=1, le=300, description="how long open requests may finish after SIGTERM")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error")

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is not an IANA time zone; write for example Asia/Shanghai") from None
        return name

    @field_validator("oidc_jwks")
    @classmethod
    def _keys_come_safely(cls, address: str) -> str:
        parts = urlsplit(address)
        if address and parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError("must be an https address, so that nobody can put other keys in its place")
        return address

    @model_validator(mode="after")
    def _embedded_stays_at_home(self) -> Self:
        if self.embedded and not is_loopback(self.host):
            raise ValueError(
                f"{PREFIX}HOST: the embedded instance listens on loopback only, because its broker asks for no password "
                f"and nothing is encrypted; write 127.0.0.1, or set {PREFIX}EMBEDDED=false and name your own"
            )
        return self


def is_loopback(host: str) -> bool:
    """Whether *host* can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def load(**given: Any) -> Settings:
    """Return the settings: *given* first, then the environment, then the secret files, then the defaults.

    Raises Misconfigured with one sentence naming the setting.
    """
    folder = given.get("secrets") or os.environ.get(f"{PREFIX}SECRETS")
    if folder and not Path(folder).is_dir():
        raise Misconfigured(f"{PREFIX}SECRETS: {folder} is not a folder; name the folder that holds the secret files")
    try:
        return Settings(_secrets_dir=folder, **{name: value for name, value in given.items() if value is not None})  # type: ignore[call-arg]
    except ValidationError as error:
        raise Misconfigured(_sentence(error)) from None
    except SettingsError as error:
        raise Misconfigured(f"{PREFIX}*: {error}") from None


def _sentence(error: ValidationError) -> str:
    """One sentence about the first thing that is wrong, naming the variable, what it says and what it is for."""
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    name = str(first["loc"][0])
    about = Settings.model_fields[name].description if name in Settings.model_fields else ""
    said = "" if name in {"postgres", "mail_password"} else f" ({str(first['input'])[:80]!r} was given)"
    return f"{PREFIX}{name.upper()}: {message[:1].lower()}{message[1:]}{said}; it is: {about}"
