"""What somebody with a receipt or a mirror types, in a process of its own."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt
from tests.unit.audit import logs

PROGRAM = Path(sys.executable).with_name("crowdledger")


def run(*arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture(scope="module")
def signer() -> LogSigner:
    return logs.log_signer()


@pytest.fixture(scope="module")
def entries(signer: LogSigner) -> list[bytes]:
    return logs.a_story(signer, 30)


@pytest.fixture
def receipt(tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> Path:
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    note = sign(Checkpoint(signer.name, len(leaves), merkle.root(leaves)), signer)
    proof = merkle.inclusion_proof(9, len(leaves), leaves)
    file = tmp_path / "receipt.json"
    file.write_bytes(Receipt.issue(signer.verifier_key, entries[9], 9, proof, note).encode())
    return file


def test_help_is_quick() -> None:
    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    begin = spent()  # processor time, because other tests run beside this one
    assert run("--help").returncode == 0
    assert spent() - begin < 0.5


def test_a_good_receipt(receipt: Path, signer: LogSigner) -> None:
    done = run("verify", receipt)
    assert done.returncode == 0
    assert "Entry 9" in done.stdout
    assert "own word" in done.stdout
    done = run("verify", receipt, "--key", signer.verifier_key.vkey, "--json")
    assert done.returncode == 0
    said = json.loads(done.stdout)
    assert (said["verdict"], said["index"], said["state"]) == ("pass", 9, "recorded")


@pytest.mark.parametrize("place", [0, 0.3, 0.7])
def test_a_flipped_byte_is_noticed_and_the_check_named(receipt: Path, place: float) -> None:
    data = bytearray(receipt.read_bytes())
    data[int(len(data) * place)] ^= 1
    receipt.write_bytes(bytes(data))
    done = run("verify", receipt, "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["verdict"] == "fail"
    assert [check["verdict"] for check in said["checks"]][-1] == "failed"
    assert said["checks"][-1]["name"] in {"format", "signature", "inclusion"}


def test_a_receipt_that_is_not_there(tmp_path: Path) -> None:
    done = run("verify", tmp_path / "none.json")
    assert done.returncode == 2
    assert "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_mirror_audit_and_the_altered_log(tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> None:
    good = logs.publish(tmp_path / "good", entries, signer)
    done = run("mirror", good, tmp_path / "mirror", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["new_size"] == len(entries)
    done = run("audit", tmp_path / "mirror", "--report", tmp_path / "report.json")
    assert done.returncode == 0
    assert "PASS" in done.stdout
    for check in json.loads((tmp_path / "report.json").read_bytes())["checks"]:
        line = f"{check['verdict']:<8} {check['name']:<13} {check['title']}"
        assert any(each.startswith(line) for each in done.stdout.splitlines()), "a pipe gets a line a check"
    assert json.loads((tmp_path / "report.json").read_bytes())["verdict"] == "pass"

    index = next(number for number, entry in enumerate(entries) if b'"accepted"' in entry and b"decision.made" in entry)
    altered = [*entries]
    altered[index] = altered[index].replace(b'"accepted"', b'"rejected"')
    bad = logs.publish(tmp_path / "bad", altered, signer)
    done = run("audit", bad, "--mirror", tmp_path / "mirror", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["tampered_entry"] == index
    done = run("audit", bad, "--mirror", tmp_path / "mirror")
    assert done.returncode == 1
    assert f"entry {index}" in done.stdout
    done = run("mirror", bad, tmp_path / "mirror", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["entry"] == index


def test_a_file_where_a_folder_belongs(tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> None:
    good = logs.publish(tmp_path / "good", entries, signer)
    (tmp_path / "file").touch()
    done = run("mirror", good, tmp_path / "file")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "file") in done.stderr


@pytest.mark.parametrize("place", ["http://127.0.0.1:9", "nowhere"])
def test_an_audit_that_cannot_run(tmp_path: Path, place: str) -> None:
    done = run("audit", place, "--json", folder=tmp_path)
    assert done.returncode == 2
    assert set(json.loads(done.stdout)) >= {"error", "detail", "remedy"}
    assert "Traceback" not in done.stderr


def test_serving_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    done = run("serve", folder=tmp_path)
    assert done.returncode == 2
    assert "crowdledger init" in done.stderr
