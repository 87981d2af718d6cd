"""What 'crowdledger decide' wrote, run again by an auditor with a mandate."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.client import Client
from ledger.errors import NotFoundError
from ledger.statements import canonical
from ledger.wire.mandates import NewMandate
from tests.acceptance.cli.served import Site
from tests.acceptance.cli.test_decide import ANSWERS, campaign_of, gold_file


def _open_all(site: Site, campaign: str, folder: Path) -> None:
    """Keep all contents and inputs of a campaign as a mandate opens them."""
    mandate = site.client.give_mandate(NewMandate(name="Auditor", until="2040-01-01T00:00:00Z", campaign=campaign))
    subjects = []
    for line in site.client.contributions(campaign):
        subjects.append(("contribution", line.id))
        if line.decision is not None:
            subjects.append(("inputs", line.decision))
    with Client(site.url, mandate.token) as auditor:
        for purpose, subject in subjects:
            opened = auditor.open_under_mandate(mandate.id, purpose, subject).opening
            path = folder / purpose / f"{subject}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(canonical.encode(opened))


def test_an_audit_runs_the_decisions_again(site: Site) -> None:
    campaign = campaign_of(site, ANSWERS)
    options = ("--method", "gold_weighted", "--field", "label", "--gold", gold_file(site, campaign))
    made = site.run("decide", campaign, *options, "--threshold", "0.6", "--json").json
    folder = site.folder / "openings"
    (folder / "files").mkdir(parents=True)
    _open_all(site, campaign, folder)
    inputs = folder / "files" / made["inputs"]["sha256"]
    assert _run_again(site, folder) == 0
    site.client.download(made["inputs"]["sha256"], inputs)
    assert _run_again(site, folder) == made["written"]
    inputs.write_bytes(inputs.read_bytes().replace(b"gold_weighted", b"majority"))  # not what was committed to
    assert _run_again(site, folder) == 0


def test_a_mandate_alone_is_enough(site: Site) -> None:
    campaign = campaign_of(site, ANSWERS)
    made = site.run("decide", campaign, "--method", "majority", "--field", "label", "--json").json
    mandate = site.client.give_mandate(NewMandate(name="Auditor", until="2040-01-01T00:00:00Z", campaign=campaign))
    token = site.folder / "mandate-token"
    token.write_text(mandate.token)
    address = f"{site.url}/v1/mandates/{mandate.id}"
    # The service of this test has other campaigns too, which the mandate does not open.
    assert _run_again(site, address, "--openings-token", token) == made["written"]
    with Client(site.url, mandate.token) as auditor, pytest.raises(NotFoundError):
        auditor.download("0" * 64, site.folder / "another")


def _run_again(site: Site, place: Path | str, *more: str | Path) -> int:
    """How many decisions a passing audit ran again with the same outcome."""
    audited = site.run("audit", site.url, "--openings", place, *more, connected=False)
    assert audited.code == 0, audited.out
    return int(audited.out.split("run again with the same outcome: ")[1].split(" of ")[0])
