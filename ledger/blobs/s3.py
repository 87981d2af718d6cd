"""A bucket of Amazon S3, or of any server that speaks its protocol, asked by Amazon's own client.

Credentials come from AWS's own chain alone (environment, profiles, single sign-on, the role of the machine): they are
in no setting, file or message of ours. Another server than Amazon's is named as AWS does it, by
``AWS_ENDPOINT_URL_S3``. The client signs, checks what was sent by a checksum, and tries again with growing waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

from ledger.errors import ConfigError, FormatError, NotFoundError, UnavailableError

SCHEME: Final = "s3://"
_ADDRESS: Final = re.compile(
    r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?P<prefix>(?:/[A-Za-z0-9!_'()*-][A-Za-z0-9!_.'()*-]*)*)/?"
)
_MAX_ADDRESS: Final = 512
"""Keys have 1024 bytes at most, and ours stand below the prefix."""
_REGION: Final = "us-east-1"
"""Where neither the environment nor a profile names one: most servers but Amazon's do not mind."""
_TRIES: Final = 6
_CONNECT_SECONDS: Final = 10
_REPLY_SECONDS: Final = 60
_LATER: Final = frozenset({408, 425, 429})
_RIGHTS: Final = "Look at the bucket's name and region, and at what the credentials are allowed to do there."


class Bucket:
    """What stands below the prefix of ``s3://BUCKET/PREFIX``; paths are relative to it. All methods block.

    They raise UnavailableError where the store does not answer in all tries, and ConfigError where it refuses.
    """

    def __init__(self, address: str, connections: int) -> None:
        """``connections``: requests that go on at a time. Raises ConfigError without Amazon's client or an address."""
        match = _ADDRESS.fullmatch(address) if len(address) <= _MAX_ADDRESS else None
        if match is None:
            raise ConfigError(f"'{address}' is no address of a bucket.", remedy="Write it as s3://BUCKET/PREFIX.")
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise ConfigError(
                f"Amazon's client for Python is not installed, which '{address}' needs.",
                remedy="Run: pip install 'crowdledger[s3]'.",
            ) from None
        self.name = address.rstrip("/")
        self._bucket, self._prefix = match["bucket"], f"{match['prefix'][1:]}/" if match["prefix"] else ""
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_REPLY_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
            max_pool_connections=connections,
        )
        with self.answering():
            session = boto3.Session()
            self._client = session.client("s3", region_name=session.region_name or _REGION, config=config)

    def __repr__(self) -> str:
        return f"Bucket('{self.name}')"

    def check(self) -> None:
        """Ask whether the bucket is there and ours to use. Raises ConfigError."""
        try:
            self._call("head_bucket")
        except NotFoundError as error:
            raise ConfigError(
                f"There is no bucket '{self._bucket}'.", remedy="Make it, or correct its name."
            ) from error

    def call(self, operation: str, path: str, **arguments: Any) -> Any:
        """The reply to an operation on the object at ``path``. NotFoundError where there is none."""
        return self._call(operation, path, Key=self._prefix + path, **arguments)

    def copy(self, path: str, target: str) -> None:
        """Copy an object in the store itself, of any size (in parts beyond what one copy may have)."""
        source = {"Bucket": self._bucket, "Key": self._prefix + path}
        with self.answering(path):
            self._client.copy(source, self._bucket, self._prefix + target)

    def get(self, path: str, limit: int) -> bytes:
        """An object of at most ``limit`` bytes. Raises NotFoundError, and FormatError where it is longer."""
        with self.answering(path), closing(self.call("get_object", path)["Body"]) as body:
            data: bytes = body.read(limit + 1)
        if len(data) > limit:
            raise FormatError(f"'{self.name}/{path}' is longer than the {limit} bytes that it may have.")
        return data

    def top(self) -> set[str]:
        """The names, a thousand at most, that stand right below the prefix, objects and folders alike."""
        reply = self._call("list_objects_v2", Prefix=self._prefix, Delimiter="/")
        found = [each["Key"] for each in reply.get("Contents", ())]
        found += [each["Prefix"].rstrip("/") for each in reply.get("CommonPrefixes", ())]
        return {key.removeprefix(self._prefix) for key in found} - {""}  # what some tools put there as a folder

    def below(self, folder: str) -> list[str]:
        """The paths, a thousand at most, of what stands in a folder."""
        reply = self._call("list_objects_v2", Prefix=f"{self._prefix}{folder}/")
        return [each["Key"].removeprefix(self._prefix) for each in reply.get("Contents", ())]

    def erase(self, path: str) -> None:
        """Delete an object for good, also where the bucket keeps versions; nothing happens where there is none."""
        if not self.call("delete_object", path).get("DeleteMarker"):
            return
        key = self._prefix + path
        while True:
            reply = self._call("list_object_versions", Prefix=key)
            versions = [*reply.get("Versions", ()), *reply.get("DeleteMarkers", ())]
            mine = [each["VersionId"] for each in versions if each["Key"] == key]
            if not mine:
                return
            for version in mine:
                self.call("delete_object", path, VersionId=version)

    def _call(self, operation: str, path: str = "", **arguments: Any) -> Any:
        with self.answering(path):
            return getattr(self._client, operation)(Bucket=self._bucket, **arguments)

    @contextmanager
    def answering(self, path: str = "") -> Iterator[None]:
        """Type the errors of Amazon's client, which names what it lacks and shows no secret."""
        from botocore import exceptions as aws

        name = f"{self.name}/{path}" if path else self.name
        try:
            yield
        except aws.ClientError as error:
            raise _refused(name, error) from error
        except (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError) as error:
            raise UnavailableError(f"{name}: {error}", remedy="Look whether the store runs, and try again.") from error
        except aws.BotoCoreError as error:
            remedy = "Set up credentials as for the aws command: 'aws s3 ls' must answer."
            raise ConfigError(f"{name}: {error}", remedy=remedy) from error


def _refused(name: str, error: Any) -> ConfigError | NotFoundError | UnavailableError:
    said = error.response.get("Error", {})
    code, status = str(said.get("Code", "")), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    words = f"{name}: {said.get('Message') or code} ({code})."
    if status in (409, 412):
        return UnavailableError(words, remedy="Somebody else is writing there at this moment: try again.")
    if status == 404 and code in ("NoSuchKey", "NotFound", "404"):
        return NotFoundError(f"There is no '{name}'.", remedy="Look at the address.")
    if (status >= 500 and code != "NotImplemented") or status in _LATER or code == "RequestTimeout":
        return UnavailableError(words, remedy="Try again in a while.")
    return ConfigError(words, remedy=_RIGHTS)
