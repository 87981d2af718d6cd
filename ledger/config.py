"""The configuration: ``CROWDLEDGER_...`` in the environment over ``crowdledger.toml`` over defaults.

The file is ``crowdledger.toml`` of the working directory, or what ``CROWDLEDGER_CONFIG`` names. Secrets are never
settings themselves: a setting ``..._file`` gives the path of the file that holds one. ``docs/configuration.md`` says of
every setting what it is for; a test keeps the two lists equal.

All settings are those of the main log and of the service around it. Further logs have a table each in the file,
``[logs.NAME]``, with what differs; :meth:`Config.of_log` gives the settings of any of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    Field,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ledger.errors import ConfigError, FormatError
from ledger.secret_files import read_secret
from ledger.spans import Collector
from ledger.statements.values import MAX_COUNT
from ledger.tree.keys import LogSigner

PREFIX = "CROWDLEDGER_"
CONFIG_VARIABLE = "CROWDLEDGER_CONFIG"
DEFAULT_FILE = Path("crowdledger.toml")
_TEST_PREFIX = "CROWDLEDGER_TEST_"
_ORIGIN = r"^[a-z0-9]([a-z0-9.-]{0,126}[a-z0-9])?(/[a-z0-9][a-z0-9._-]{0,63}){0,4}$"
_LOG_NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"
_MAX_LOGS = 64
"""Each has a writer and connections of its own."""
_MAX_WAIT_SECONDS = 366 * 86_400
_MAX_DAYS = 36_500
_OF_THE_SERVICE = frozenset(
    {"database_url", "database_url_file", "log", "logs", "host", "port", "metrics_key_file"}
    | {"blob_folder", "blob_store", "max_file_bytes", "secrets_key_file", "private_addresses"}
    | {"log_format", "log_requests", "key_requests_per_minute", "address_requests_per_minute"}
    | {"otlp_url", "otlp_headers_file", "trace_share"}
)
"""What cannot differ by log."""
_OF_ONE_LOG = ("origin", "log_key_file", "public_url", "deployment_file")
"""What a log never has from the main one."""
_LOOKS_LIKE_KEY = re.compile(r"(?:file:|keystore:)?(?:0x)?[0-9a-fA-F]{64}")


def _check_signer(spec: str) -> str:
    if _LOOKS_LIKE_KEY.fullmatch(spec.strip()):
        raise ValueError("this is a private key; put it into a file and give file:PATH")
    if spec.partition(":")[0] not in ("file", "keystore", "rpc"):
        raise ValueError("a signer is file:PATH, keystore:PATH or rpc:URL#ADDRESS")
    return spec


SignerSpec = Annotated[str, AfterValidator(_check_signer)]
LogName = Annotated[str, Field(pattern=_LOG_NAME)]


class Config(BaseSettings):
    """All settings. Times are seconds. Raises ConfigError, which never repeats a value."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(default="sqlite+aiosqlite:///crowdledger.db", repr=False)
    database_url_file: Path | None = None
    log: LogName = "main"
    origin: str = Field(default="crowdledger.local/main", pattern=_ORIGIN)
    log_key_file: Path | None = None
    wallet_delay: int = Field(default=3 * 86_400, ge=0, le=_MAX_WAIT_SECONDS)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    public_url: str | None = None
    admin_key_file: Path | None = None
    metrics_key_file: Path | None = None
    secrets_key_file: Path | None = None
    private_addresses: bool = False
    log_format: Literal["text", "json"] = "text"
    log_requests: bool = False
    otlp_url: str | None = None
    otlp_headers_file: Path | None = None
    trace_share: float = Field(default=1.0, gt=0, le=1)
    key_requests_per_minute: int = Field(default=60_000, ge=60, le=MAX_COUNT)
    address_requests_per_minute: int = Field(default=12_000, ge=60, le=MAX_COUNT)
    queue_limit: PositiveInt = 10_000
    group_limit: PositiveInt = 1_000
    blob_folder: Path | None = None
    blob_store: str | None = Field(default=None, pattern=r"^s3://")
    content_retention_days: int | None = Field(default=None, ge=1, le=_MAX_DAYS)
    event_retention_days: int = Field(default=90, ge=1, le=_MAX_DAYS)
    sending_retention_days: int = Field(default=30, ge=1, le=_MAX_DAYS)
    delivery_retention_days: int = Field(default=90, ge=1, le=_MAX_DAYS)
    refused_retention_days: int = Field(default=30, ge=1, le=_MAX_DAYS)
    refused_retention_bytes: int = Field(default=64 * 1024**2, ge=0, le=MAX_COUNT)
    import_retention_days: int = Field(default=365, ge=1, le=_MAX_DAYS)
    request_retention_days: int = Field(default=365, ge=2, le=_MAX_DAYS)
    transaction_retention_days: int = Field(default=365, ge=30, le=_MAX_DAYS)
    audit_reports_kept: int = Field(default=100, ge=1, le=10_000)
    max_file_bytes: int = Field(default=2 * 1024**3, ge=1, le=MAX_COUNT)

    rpc_urls: Annotated[tuple[str, ...], NoDecode] = Field(default=(), repr=False)
    node_timeout_seconds: float = Field(default=10.0, gt=0, le=300)
    node_lag_seconds: float = Field(default=120.0, ge=30, le=86_400)
    finality_depth: int | None = Field(default=None, ge=0, le=MAX_COUNT)
    explorer_url: str | None = None
    deployment_file: Path | None = None
    operator_signer: SignerSpec | None = None
    reporter_signer: SignerSpec | None = None
    relayer_signer: SignerSpec | None = None
    guardian_signer: SignerSpec | None = None
    keystore_password_file: Path | None = None
    fee_cap_wei: PositiveInt = 500_000_000_000
    replace_after_seconds: float = Field(default=60.0, gt=0, le=86_400)
    low_balance_wei: int = Field(default=10**16, ge=0)
    lease_seconds: float = Field(default=15.0, ge=1, le=3_600)
    anchor_interval_seconds: float = Field(default=600.0, ge=0, le=_MAX_WAIT_SECONDS)
    anchor_entries: PositiveInt = 100_000
    anchor_soft_fee_wei: PositiveInt | None = None
    anchor_max_age_seconds: float = Field(default=86_400.0, ge=0, le=_MAX_WAIT_SECONDS)
    settle_automatically: bool = True
    settle_interval_seconds: float = Field(default=86_400.0, ge=0, le=_MAX_WAIT_SECONDS)
    relay_claims_per_day: PositiveInt = 24
    relay_batch: int = Field(default=100, ge=1, le=1_000)
    worker_interval_seconds: float = Field(default=2.0, gt=0, le=1_800)

    logs: Annotated[dict[LogName, dict[str, Any]], NoDecode] = Field(default={}, repr=False, max_length=_MAX_LOGS)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _explained(error) from None
        except (ValueError, RecursionError) as error:  # also of a number without end, and of what is no UTF-8
            raise ConfigError(f"{config_file()} is not TOML: {error}.", remedy="Correct it.") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code, then the environment, then the file."""
        _check_environment(os.environ, cls)
        found = config_file()
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=found)

    @field_validator("rpc_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: object) -> object:
        """The environment separates URLs by commas; TOML has a list."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("rpc_urls")
    @classmethod
    def _check_rpc_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_is_http, value)):
            raise ValueError("each URL begins with http:// or https:// and names a host")
        return value

    @field_validator("public_url", "explorer_url", "otlp_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is not None and (not _is_http(value) or any(mark in value for mark in "?#@")):
            raise ValueError("write it as https://crowd.example.org, with no query, user or password")
        return value

    @field_validator("database_url")
    @classmethod
    def _refuse_password(cls, value: str) -> str:
        url = urlsplit(value)
        if url.password or "password" in parse_qs(url.query, keep_blank_values=True):
            raise ValueError("it holds a password; put the whole URL into a file and set database_url_file")
        return value

    @model_validator(mode="after")
    def _read_files(self) -> Self:
        """Check that the secrets' files are there; take the database's URL from its file."""
        for name in type(self).model_fields:
            path = getattr(self, name)
            if name.endswith("_file") and name != "deployment_file" and path is not None:
                read_secret(path, name)
        if self.database_url_file is not None:
            url = read_secret(self.database_url_file, "database_url_file").decode(errors="replace").strip()
            object.__setattr__(self, "database_url", url)
        return self

    @model_validator(mode="after")
    def _check_blobs(self) -> Self:
        """Files are in one place."""
        if self.blob_folder is not None and self.blob_store is not None:
            raise ConfigError("Both blob_folder and blob_store are set.", remedy="Keep the one where the files are.")
        return self

    @model_validator(mode="after")
    def _check_lease(self) -> Self:
        """Whoever leads must come back before the lease is over, and say how it is before it counts as silent."""
        if 2 * self.worker_interval_seconds > self.lease_seconds:
            raise ConfigError(
                "lease_seconds must be at least twice worker_interval_seconds.",
                remedy="Raise the one or lower the other.",
            )
        return self

    @model_validator(mode="after")
    def _check_promise(self) -> Self:
        """An anchor must be due before it is late, or the alarm comes first."""
        if self.anchor_max_age_seconds < self.anchor_interval_seconds:
            raise ConfigError(
                "anchor_max_age_seconds must be at least anchor_interval_seconds.",
                remedy="Raise the one or lower the other.",
            )
        return self

    @model_validator(mode="after")
    def _check_logs(self) -> Self:
        """Every log has a name, an origin and a key of its own, and settings that are right."""
        if self.log in self.logs:
            raise ConfigError(
                f"[logs.{self.log}]: this is the main log.", remedy="Its settings stand above the tables; name another."
            )
        every = [self.of_log(name) for name in self.log_names()]
        for setting in ("origin", "log_key_file", "deployment_file"):
            values = [value for each in every if (value := getattr(each, setting)) is not None]
            if len(set(values)) < len(values):
                raise ConfigError(
                    f"Two logs have the same {setting}.", remedy="Give each log in the configuration one of its own."
                )
        return self

    def log_names(self) -> tuple[str, ...]:
        """The names of all logs of the service, the main one first."""
        return (self.log, *self.logs)

    def of_log(self, name: str | None) -> Config:
        """The settings of one log, of the main one without a name. Raises ConfigError where there is no such log."""
        if name is None or name == self.log:
            return self
        if name not in self.logs:
            raise ConfigError(
                f"There is no log '{name}' in the configuration.",
                remedy="'crowdledger log list' lists the logs, 'crowdledger log add' adds one.",
            )
        return _LogConfig.of_table(self, name, self.logs[name])

    @property
    def base_url(self) -> str:
        """Where the world finds the log, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def log_signer(self) -> LogSigner:
        """The log's key under its origin. Raises ConfigError where there is none."""
        if self.log_key_file is None:
            raise ConfigError(
                "The log's key is not set.",
                remedy="Run 'crowdledger init', or 'crowdledger key new FILE' and set log_key_file to its path.",
            )
        try:
            return LogSigner.from_pem(self.origin, read_secret(self.log_key_file, "log_key_file"))
        except FormatError as error:
            raise ConfigError(error.detail, remedy=error.remedy) from None

    def admin_key(self) -> str | None:
        """The operator's key for POST /v1/platforms; None where the way is not open."""
        return self._key("admin_key_file")

    def metrics_key(self) -> str | None:
        """The operator's key for GET /metrics; None where nobody may read them."""
        return self._key("metrics_key_file")

    def secrets_keys(self) -> bytes | None:
        """What secrets are sealed with, for ``ledger.db.sealed``; None where no secret can be stored."""
        return None if self.secrets_key_file is None else read_secret(self.secrets_key_file, "secrets_key_file")

    def collector(self) -> Collector | None:
        """Where spans are sent to; None where they are off. Raises ConfigError for headers that are none."""
        if self.otlp_url is None:
            return None
        file = self.otlp_headers_file
        headers = "" if file is None else read_secret(file, "otlp_headers_file").decode(errors="replace")
        return Collector.of(self.otlp_url, self.trace_share, headers)

    def _key(self, setting: str) -> str | None:
        path: Path | None = getattr(self, setting)
        return None if path is None else read_secret(path, setting).decode(errors="replace").strip()


class _LogConfig(Config):
    """The settings of a log beside the main one. Environment and file were read for the main one."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given in code."""
        return (init_settings,)

    @classmethod
    def of_table(cls, main: Config, name: str, table: dict[str, Any]) -> Config:
        """What the table of the log says, over what the main log has. Raises ConfigError."""
        for setting in sorted(table.keys() & _OF_THE_SERVICE):
            raise ConfigError(
                f"[logs.{name}]: '{setting}' is the whole service's and cannot differ by log.",
                remedy="Leave it out there; above the tables it holds for all logs.",
            )
        for setting in ("origin", "log_key_file"):
            if setting not in table:
                raise ConfigError(
                    f"[logs.{name}]: '{setting}' is missing; every log needs one of its own.",
                    remedy=f"'crowdledger log add {name} --origin ...' writes a whole table, with a new key.",
                )
        inherited = {setting: getattr(main, setting) for setting in Config.model_fields if setting not in _OF_ONE_LOG}
        inherited |= {"log": name, "logs": {}, "public_url": f"{main.base_url}/logs/{name}"}
        if main.database_url_file is not None:
            del inherited["database_url"]  # it is read from its file again: in a setting it may hold no password
        try:
            return cls(**inherited | table)
        except ConfigError as error:
            raise ConfigError(f"[logs.{name}]: {error.detail.removeprefix(_WRONG)}", remedy=error.remedy) from None


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def config_file() -> Path | None:
    """The file in force. Raises ConfigError where ``CROWDLEDGER_CONFIG`` names one that is not there."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named is None:
        return DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    if not Path(named).is_file():
        raise ConfigError(f"{CONFIG_VARIABLE} names {named}, which is no file.", remedy="Correct the path or unset it.")
    return Path(named)


def _check_environment(environment: Mapping[str, str], config: type[Config]) -> None:
    """Refuse variables of ours that no setting has: a misspelt one would otherwise be silently ignored."""
    for name in environment:
        if not name.upper().startswith(PREFIX) or name == CONFIG_VARIABLE or name.startswith(_TEST_PREFIX):
            continue
        setting = name.upper().removeprefix(PREFIX).lower()
        if setting == "logs":
            raise ConfigError(
                f"{name} in the environment: the environment speaks of the main log only.",
                remedy="Give every further log a table [logs.NAME] in crowdledger.toml.",
            )
        if setting not in config.model_fields:
            raise ConfigError(f"{name} in the environment: {_unknown(setting)}.", remedy=_REMEDY_UNKNOWN)


_WRONG = "The configuration is wrong: "
_REMEDY_UNKNOWN = "docs/configuration.md lists the settings."


def _unknown(setting: str) -> str:
    if f"{setting}_file" in Config.model_fields:
        return f"'{setting}' is a secret; put it into a file and give its path as '{setting}_file'"
    return f"there is no setting '{setting}'"


def _explained(error: ValidationError) -> ConfigError:
    """The first things that are wrong, by setting, without the values."""
    words = []
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        setting = ".".join(str(part) for part in each["loc"])
        words.append(_unknown(setting) if each["type"] == "extra_forbidden" else f"{setting}: {each['msg']}")
    return ConfigError(f"{_WRONG}{'; '.join(words)}.", remedy=_REMEDY_UNKNOWN)
