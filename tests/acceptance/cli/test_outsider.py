"""What somebody with a receipt or a mirror types: each command in a process of its own once, then in this one."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt
from tests.acceptance.cli.served import Ended, run_here
from tests.unit.audit import logs

PROGRAM = Path(sys.executable).with_name("crowdledger")

Run = Callable[..., Ended]


def run_apart(*arguments: object, folder: Path | None = None) -> Ended:
    """Run ``crowdledger`` in a process of its own."""
    command = [str(PROGRAM), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``crowdledger`` here."""
    return lambda *arguments: run_here(capsys, monkeypatch, *arguments)


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
    assert run_apart("--help").code == 0
    assert spent() - begin < 0.5


def test_a_good_receipt(run: Run, receipt: Path, signer: LogSigner) -> None:
    done = run_apart("verify", receipt)
    assert done.code == 0
    assert "Entry 9" in done.out
    assert "own word" in done.out
    done = run("verify", receipt, "--key", signer.verifier_key.vkey, "--json")
    assert done.code == 0
    said = json.loads(done.out)
    assert (said["verdict"], said["index"], said["state"]) == ("pass", 9, "recorded")


@pytest.mark.parametrize("place", [0, 0.3, 0.7])
def test_a_flipped_byte_is_noticed_and_the_check_named(run: Run, receipt: Path, place: float) -> None:
    data = bytearray(receipt.read_bytes())
    data[int(len(data) * place)] ^= 1
    receipt.write_bytes(bytes(data))
    done = run("verify", receipt, "--json")
    assert done.code == 1
    said = json.loads(done.out)
    assert said["verdict"] == "fail"
    assert [check["verdict"] for check in said["checks"]][-1] == "failed"
    assert said["checks"][-1]["name"] in {"format", "signature", "inclusion"}


def test_a_receipt_that_is_not_there(run: Run, tmp_path: Path) -> None:
    done = run("verify", tmp_path / "none.json")
    assert done.code == 2
    assert "cannot be read" in done.err
    assert "Traceback" not in done.err


def test_mirror_audit_and_the_altered_log(run: Run, tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> None:
    good = logs.publish(tmp_path / "good", entries, signer)
    done = run_apart("mirror", good, tmp_path / "mirror", "--json")
    assert done.code == 0
    assert json.loads(done.out)["new_size"] == len(entries)
    done = run_apart("audit", tmp_path / "mirror", "--report", tmp_path / "report.json")
    assert done.code == 0
    assert "PASS" in done.out
    for check in json.loads((tmp_path / "report.json").read_bytes())["checks"]:
        line = f"{check['verdict']:<8} {check['name']:<13} {check['title']}"
        assert any(each.startswith(line) for each in done.out.splitlines()), "a pipe gets a line a check"
    assert json.loads((tmp_path / "report.json").read_bytes())["verdict"] == "pass"

    index = next(number for number, entry in enumerate(entries) if b'"accepted"' in entry and b"decision.made" in entry)
    altered = [*entries]
    altered[index] = altered[index].replace(b'"accepted"', b'"rejected"')
    bad = logs.publish(tmp_path / "bad", altered, signer)
    done = run("audit", bad, "--mirror", tmp_path / "mirror", "--json")
    assert done.code == 1
    assert json.loads(done.out)["tampered_entry"] == index
    done = run("audit", bad, "--mirror", tmp_path / "mirror")
    assert done.code == 1
    assert f"entry {index}" in done.out
    done = run("mirror", bad, tmp_path / "mirror", "--json")
    assert done.code == 1
    assert json.loads(done.out)["entry"] == index


def test_a_file_where_a_folder_belongs(run: Run, tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> None:
    good = logs.publish(tmp_path / "good", entries, signer)
    (tmp_path / "file").touch()
    done = run("mirror", good, tmp_path / "file")
    assert done.code == 2
    assert "Traceback" not in done.err
    assert str(tmp_path / "file") in done.err


@pytest.mark.parametrize("place", ["http://127.0.0.1:9", "nowhere"])
def test_an_audit_that_cannot_run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("audit", place, "--json")
    assert done.code == 2
    assert set(json.loads(done.out)) >= {"error", "detail", "remedy"}
    assert "Traceback" not in done.err


def test_serving_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    done = run_apart("serve", folder=tmp_path)
    assert done.code == 2
    assert "crowdledger init" in done.err
