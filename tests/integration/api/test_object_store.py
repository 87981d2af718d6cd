"""A service whose files and mirror are in an object store: the same answers, and the same audit."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import wire
from ledger.audit.bucket import open_place
from ledger.audit.mirror import PlacedMirror
from ledger.audit.run import audit
from ledger.audit.source import open_source
from ledger.blobs.bucket import BucketStore
from ledger.client import Client
from ledger.db import open_database
from ledger.errors import ConfigError
from ledger.log.checking import check_database
from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY, BRIEF, running, settings
from tests.integration.api.serving import serving
from tests.services.databases import copy_sqlite
from tests.services.object_store import ObjectStore, object_store, objects

DATA = os.urandom(9_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
PATH = f"/v1/files/{SHA256}"


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as found:
        yield found


async def test_files_of_a_service(
    store: ObjectStore, migrated_sqlite: Path, tmp_path: Path, log_signer: LogSigner
) -> None:
    bucket = store.bucket("service-files")
    database_url = copy_sqlite(migrated_sqlite, tmp_path / "crowdledger.sqlite")
    place = "s3://service-files/crowd"
    config = settings(tmp_path, database_url, log_signer, blob_folder=None, blob_store=place)
    with pytest.raises(ConfigError, match="Both blob_folder and blob_store"):
        settings(tmp_path, database_url, log_signer, blob_store=place)
    with pytest.raises(ConfigError, match="blob_store"):
        settings(tmp_path, database_url, log_signer, blob_folder=None, blob_store="/srv/files")
    async with running(config) as api:
        platform = await api.platform()
        typed = platform.headers | {"Content-Type": "image/png"}
        for method, path in (("POST", "/v1/files"), ("PUT", PATH)):
            sent = await api.http.request(method, path, content=DATA, headers=typed)
            assert (sent.status_code, sent.json()["sha256"]) == (201 if method == "POST" else 200, SHA256)
        assert [each.rpartition("/")[2] for each in objects(bucket, "crowd/")] == [SHA256]
        given = await api.http.get(PATH, headers=platform.headers)
        assert (given.status_code, given.content) == (200, DATA)
        part = await api.http.get(PATH, headers=platform.headers | {"Range": "bytes=8388600-8388620"})
        assert (part.status_code, part.content) == (206, DATA[8388600:8388621])
        async with open_database(database_url) as database:
            assert (await check_database(database, "main", blobs=BucketStore(place))).verdict == "pass"
        store.refuse = lambda method, path: 403
        try:
            refused = await api.http.get(PATH, headers=platform.headers)
            assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (503, "unavailable")
        finally:
            store.refuse = lambda method, path: 0
        assert (await api.http.delete(PATH, headers=platform.headers)).status_code == 200
        assert objects(bucket) == {}
    assert not (tmp_path / "blobs").exists()


def test_the_mirror_of_a_service_is_audited_as_the_service(
    store: ObjectStore, migrated_sqlite: Path, tmp_path: Path, log_signer: LogSigner
) -> None:
    store.bucket("service-mirror", public=True)
    mirror = PlacedMirror(open_place("s3://service-mirror/crowd"))
    database_url = copy_sqlite(migrated_sqlite, tmp_path / "crowdledger.sqlite")
    with serving(tmp_path, database_url, log_signer) as server:
        with Client(server.url, ADMIN_KEY) as operator:
            key = operator.register_platform("Mirrored Ltd").key
        with Client(server.url, key) as client:
            opened = client.open_campaign(
                wire.NewCampaign.model_validate(
                    {"title": "RTE", "type": "rating", "brief": BRIEF, "terms": "Answer honestly."}
                    | {"policy": {"name": "piece_rate", "amount": "5"}, "budget": "5000"}
                )
            )
            for _ in range(2):
                new = [wire.NewContribution(campaign=opened.id, contributor="ann", content=n) for n in range(150)]
                client.submit_many(new)
                with open_source(server.url) as source:
                    size = mirror.sync(source, trusted_key=log_signer.verifier_key).new_size
        with open_source(server.url) as service, open_source(f"{store.url}/service-mirror/crowd") as hosted:
            ours, theirs = audit(service), audit(hosted)
            assert (theirs.verdict, theirs.entries, theirs.root) == ("pass", size, ours.root)
            assert (theirs.checks, theirs.findings) == (ours.checks, ours.findings)
