"""The configuration: ``CROWDLEDGER_...`` in the environment over ``crowdledger.toml`` over defaults.

The file is ``crowdledger.toml`` of the working directory, or what ``CROWDLEDGER_CONFIG`` names. Secrets are never
settings themselves: a setting ``..._file`` gives the path of the file that holds one. ``docs/configuration.md`` says of
every setting what it is for; a test keeps the two lists equal.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    Field,
    PositiveFloat,
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
from ledger.statements.values import MAX_COUNT
from ledger.tree.keys import LogSigner

PREFIX = "CROWDLEDGER_"
CONFIG_VARIABLE = "CROWDLEDGER_CONFIG"
DEFAULT_FILE = Path("crowdledger.toml")
_TEST_PREFIX = "CROWDLEDGER_TEST_"
_MAX_SECRET_BYTES = 16 * 1024
_ORIGIN = r"^[a-z0-9]([a-z0-9.-]{0,126}[a-z0-9])?(/[a-z0-9][a-z0-9._-]{0,63}){0,4}$"
_MAX_WAIT_SECONDS = 366 * 86_400
_LOOKS_LIKE_KEY = re.compile(r"(?:file:|keystore:)?(?:0x)?[0-9a-fA-F]{64}")


def _check_signer(spec: str) -> str:
    if _LOOKS_LIKE_KEY.fullmatch(spec.strip()):
        raise ValueError("this is a private key; put it into a file and give file:PATH")
    if spec.partition(":")[0] not in ("file", "keystore", "rpc"):
        raise ValueError("a signer is file:PATH, keystore:PATH or rpc:URL#ADDRESS")
    return spec


SignerSpec = Annotated[str, AfterValidator(_check_signer)]


class Config(BaseSettings):
    """All settings. Times are seconds. Raises ConfigError, which never repeats a value."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(default="sqlite+aiosqlite:///crowdledger.db", repr=False)
    database_url_file: Path | None = None
    log: str = Field(default="main", pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    origin: str = Field(default="crowdledger.local/main", pattern=_ORIGIN)
    log_key_file: Path | None = None
    wallet_delay: int = Field(default=3 * 86_400, ge=0, le=_MAX_WAIT_SECONDS)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    public_url: str | None = None
    admin_key_file: Path | None = None
    queue_limit: PositiveInt = 10_000
    group_limit: PositiveInt = 1_000
    blob_folder: Path | None = None
    content_retention_days: int | None = Field(default=None, ge=1, le=36_500)
    max_file_bytes: int = Field(default=2 * 1024**3, ge=1, le=MAX_COUNT)

    rpc_urls: Annotated[tuple[str, ...], NoDecode] = Field(default=(), repr=False)
    deployment_file: Path | None = None
    operator_signer: SignerSpec | None = None
    reporter_signer: SignerSpec | None = None
    relayer_signer: SignerSpec | None = None
    guardian_signer: SignerSpec | None = None
    keystore_password_file: Path | None = None
    anchor_interval_seconds: float = Field(default=600.0, ge=0)
    anchor_entries: PositiveInt = 100_000
    settle_automatically: bool = True
    settle_interval_seconds: float = Field(default=86_400.0, ge=0)
    worker_interval_seconds: PositiveFloat = 2.0

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _explained(error) from None
        except tomllib.TOMLDecodeError as error:
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

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value is not None and (not _is_http(value) or urlsplit(value).query or urlsplit(value).fragment):
            raise ValueError("write it as https://crowd.example.org, with no query")
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
                _read_secret(path, name)
        if self.database_url_file is not None:
            url = _read_secret(self.database_url_file, "database_url_file").decode(errors="replace").strip()
            object.__setattr__(self, "database_url", url)
        return self

    def log_signer(self) -> LogSigner:
        """The log's key under its origin. Raises ConfigError where there is none."""
        if self.log_key_file is None:
            raise ConfigError(
                "The log's key is not set.",
                remedy="Run 'crowdledger init', or 'crowdledger key new FILE' and set log_key_file to its path.",
            )
        try:
            return LogSigner.from_pem(self.origin, _read_secret(self.log_key_file, "log_key_file"))
        except FormatError as error:
            raise ConfigError(error.detail, remedy=error.remedy) from None

    def admin_key(self) -> str | None:
        """The operator's key for POST /v1/platforms; None where the way is not open."""
        if self.admin_key_file is None:
            return None
        return _read_secret(self.admin_key_file, "admin_key_file").decode(errors="replace").strip()


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
        if setting not in config.model_fields:
            raise ConfigError(f"{name} in the environment: {_unknown(setting)}.", remedy=_REMEDY_UNKNOWN)


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
    return ConfigError(f"The configuration is wrong: {'; '.join(words)}.", remedy=_REMEDY_UNKNOWN)


def _read_secret(path: Path, setting: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{setting}: {path} cannot be read ({error.strerror}).", remedy="Create the file or correct the path."
        ) from None
    if not data.strip() or len(data) > _MAX_SECRET_BYTES:
        raise ConfigError(
            f"{setting}: {path} is empty or too large.", remedy="Write the secret, and nothing else, into it."
        )
    return data
