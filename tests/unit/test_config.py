from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger.config import Config
from ledger.errors import ConfigError
from ledger.tree.keys import LogSigner

DOCS = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


@pytest.fixture(autouse=True)
def _empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_documented_with_its_default_and_nothing_else() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|", DOCS.read_text(), re.MULTILINE))
    defaults = {
        name: "none"
        if field.default in (None, (), {})
        else f"`{field.default:g}`"
        if isinstance(field.default, float)
        else f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
        for name, field in Config.model_fields.items()
    }
    assert {name: value.strip() for name, value in rows.items()} == defaults


def test_the_environment_is_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crowdledger.toml").write_text('port = 1\nhost = "0.0.0.0"\nrpc_urls = ["http://a", "http://b"]\n')
    monkeypatch.setenv("CROWDLEDGER_PORT", "2")
    config = Config()
    assert (config.port, config.host, config.rpc_urls) == (2, "0.0.0.0", ("http://a", "http://b"))
    monkeypatch.setenv("CROWDLEDGER_RPC_URLS", "http://c, http://d")
    assert Config().rpc_urls == ("http://c", "http://d")
    assert Config(port=3).port == 3


def test_another_file_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text("port = 7\n")
    monkeypatch.setenv("CROWDLEDGER_CONFIG", str(tmp_path / "other.toml"))
    assert Config().port == 7
    monkeypatch.setenv("CROWDLEDGER_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(ConfigError, match=r"missing\.toml, which is no file"):
        Config()


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("prot = 8000", "no setting 'prot'"),
        ("port = 70000", "port: "),
        ("port = [", "not TOML"),
        ('log_key = "abc"', "'log_key' is a secret; put it into a file and give its path as 'log_key_file'"),
        ('origin = "With Spaces"', "origin: "),
        ('database_url = "postgresql://u:hunter2@h/d"', "set database_url_file"),
        ('database_url = "postgresql://h/d?user=u&password=hunter2"', "set database_url_file"),
        ('public_url = "crowd.example.org"', "public_url: "),
        ('public_url = "https://crowd.example.org/?a=1"', "public_url: "),
        ('otlp_url = "https://user:hunter2@otlp.example"', "otlp_url: "),
        ('otlp_url = "grpc://otlp.example:4317"', "otlp_url: "),
        ("trace_share = 0", "trace_share: "),
        ("trace_share = 1.5", "trace_share: "),
        ('rpc_urls = ["https://rpc.example.org", "rpc.example.org/hunter2"]', "each URL begins with http"),
        ('rpc_urls = ["http://[hunter2"]', "each URL begins with http"),
        (f'operator_signer = "0x{"ab" * 32}"', "this is a private key"),
        ('operator_signer = "ledger"', "a signer is file:PATH"),
        ('admin_key_file = "nowhere"', "admin_key_file: nowhere cannot be read"),
        ("node_timeout_seconds = 0", "node_timeout_seconds: "),
        ("node_lag_seconds = 5", "node_lag_seconds: "),
        ("finality_depth = -1", "finality_depth: "),
        ("fee_cap_wei = 0", "fee_cap_wei: "),
        ("fee_cap_wei = 1.5", "fee_cap_wei: "),
        ("replace_after_seconds = 0", "replace_after_seconds: "),
        ("low_balance_wei = -1", "low_balance_wei: "),
        ("lease_seconds = 0.5", "lease_seconds: "),
        ("worker_interval_seconds = 8", "lease_seconds must be at least twice worker_interval_seconds"),
        ("lease_seconds = 3", "lease_seconds must be at least twice worker_interval_seconds"),
        ("node_lag_seconds = inf", "node_lag_seconds: "),
        ("replace_after_seconds = inf", "replace_after_seconds: "),
        ("anchor_interval_seconds = inf", "anchor_interval_seconds: "),
        ("anchor_max_age_seconds = 1e12", "anchor_max_age_seconds: "),
        ("anchor_max_age_seconds = nan", "anchor_max_age_seconds: "),
        ("anchor_max_age_seconds = 599", "anchor_max_age_seconds must be at least anchor_interval_seconds"),
        ("anchor_interval_seconds = 86401", "anchor_max_age_seconds must be at least anchor_interval_seconds"),
        ("settle_interval_seconds = inf", "settle_interval_seconds: "),
        ("worker_interval_seconds = inf", "worker_interval_seconds: "),
    ],
)
def test_what_is_wrong_is_named_without_its_value(tmp_path: Path, toml: str, words: str) -> None:
    (tmp_path / "crowdledger.toml").write_text(toml + "\n")
    with pytest.raises(ConfigError) as caught:
        Config()
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "abab" not in str(caught.value)


LOGS = """
origin = "example.org/main"
log_key_file = "main.pem"
wallet_delay = 60
rpc_urls = ["http://a"]
deployment_file = "deployments/1.json"

[logs.survey]
origin = "example.org/survey"
log_key_file = "survey.pem"
"""


@pytest.fixture
def keys(tmp_path: Path) -> None:
    for name in ("main", "survey", "third"):
        (tmp_path / f"{name}.pem").write_text(name)


@pytest.mark.usefixtures("keys")
def test_a_further_log_has_what_the_main_one_has_but_for_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crowdledger.toml").write_text(LOGS + "queue_limit = 5\n")
    monkeypatch.setenv("CROWDLEDGER_ORIGIN", "example.org/other")  # the environment speaks of the main log
    monkeypatch.setenv("CROWDLEDGER_WALLET_DELAY", "7")
    config = Config()
    assert config.log_names() == ("main", "survey")
    assert config.of_log(None) is config
    assert config.of_log("main") is config
    survey = config.of_log("survey")
    assert (config.origin, survey.origin) == ("example.org/other", "example.org/survey")
    assert (survey.log, survey.log_names(), survey.wallet_delay) == ("survey", ("survey",), 7)
    assert (config.queue_limit, survey.queue_limit, survey.rpc_urls) == (10_000, 5, ("http://a",))
    assert (config.deployment_file, survey.deployment_file) == (Path("deployments/1.json"), None)
    assert (config.base_url, survey.base_url) == ("http://127.0.0.1:8000", "http://127.0.0.1:8000/logs/survey")
    monkeypatch.setenv("CROWDLEDGER_PUBLIC_URL", "https://crowd.example.org/")
    assert Config().of_log("survey").base_url == "https://crowd.example.org/logs/survey"
    with pytest.raises(ConfigError, match="no log 'third'"):
        config.of_log("third")


@pytest.mark.usefixtures("keys")
def test_a_further_log_may_be_found_elsewhere_and_reads_the_databases_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:hunter2@h/d\n")
    text = 'database_url_file = "url"\n' + LOGS + 'public_url = "https://survey.example.org"\n'
    (tmp_path / "crowdledger.toml").write_text(text)
    survey = Config().of_log("survey")
    assert survey.base_url == "https://survey.example.org"
    assert survey.database_url == "postgresql://u:hunter2@h/d"
    assert "hunter2" not in repr(survey)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("port = 1", "[logs.survey]: 'port' is the whole service's"),
        ('database_url = "sqlite:///x"', "[logs.survey]: 'database_url' is the whole service's"),
        ("prot = 1", "[logs.survey]: there is no setting 'prot'"),
        ("anchor_entries = 0", "[logs.survey]: anchor_entries: "),
        ('admin_key = "hunter2"', "[logs.survey]: 'admin_key' is a secret"),
        ('[logs.main]\norigin = "example.org/x"\nlog_key_file = "third.pem"', "[logs.main]: this is the main log"),
        ('[logs."A b"]\norigin = "example.org/x"\nlog_key_file = "third.pem"', "logs.A b"),
        ('[logs.third]\norigin = "example.org/third"', "[logs.third]: 'log_key_file' is missing"),
        ('[logs.third]\nlog_key_file = "third.pem"', "[logs.third]: 'origin' is missing"),
        ('[logs.third]\norigin = "example.org/survey"\nlog_key_file = "third.pem"', "Two logs have the same origin"),
        ('[logs.third]\norigin = "example.org/x"\nlog_key_file = "main.pem"', "Two logs have the same log_key_file"),
        (
            '[logs.third]\norigin = "example.org/x"\nlog_key_file = "no.pem"',
            "[logs.third]: log_key_file: no.pem cannot",
        ),
        ("[other]\nx = 1", "no setting 'other'"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(tmp_path: Path, toml: str, words: str) -> None:
    (tmp_path / "crowdledger.toml").write_text(LOGS + toml + "\n")
    with pytest.raises(ConfigError) as caught:
        Config()
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_environment_adds_no_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROWDLEDGER_LOGS", "{}")
    with pytest.raises(ConfigError, match="environment speaks of the main log only"):
        Config()


def test_misspelt_variables_and_secrets_in_the_environment_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROWDLEDGER_ADMIN_KEY", "cl_secret")
    with pytest.raises(ConfigError, match="give its path as 'admin_key_file'") as caught:
        Config()
    assert "cl_secret" not in str(caught.value)
    monkeypatch.delenv("CROWDLEDGER_ADMIN_KEY")
    monkeypatch.setenv("CROWDLEDGER_ORIGN", "example.org")
    with pytest.raises(ConfigError, match="no setting 'orign'"):
        Config()


def test_secrets_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    signer = LogSigner.generate("example.org/log")
    (tmp_path / "log.pem").write_bytes(signer.to_pem())
    (tmp_path / "url").write_text("postgresql://u:hunter2@h/d\n")
    (tmp_path / "admin").write_text("cl_admin\n")
    config = Config(
        origin="example.org/log",
        log_key_file=tmp_path / "log.pem",
        database_url_file=tmp_path / "url",
        admin_key_file=tmp_path / "admin",
    )
    assert config.log_signer().verifier_key == signer.verifier_key
    assert config.database_url == "postgresql://u:hunter2@h/d"
    assert config.admin_key() == "cl_admin"
    assert "hunter2" not in repr(config)
    assert "cl_admin" not in repr(config)


def test_a_missing_or_wrong_log_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="crowdledger init"):
        Config().log_signer()
    (tmp_path / "log.pem").write_text("no key")
    with pytest.raises(ConfigError, match="not an Ed25519 key"):
        Config(log_key_file=tmp_path / "log.pem").log_signer()


def test_where_spans_are_sent_to(tmp_path: Path) -> None:
    assert Config().collector() is None
    (tmp_path / "headers").write_text("X-Key: hunter2\n")
    config = Config(otlp_url="https://otlp.example/", otlp_headers_file=tmp_path / "headers", trace_share=0.5)
    found = config.collector()
    assert found is not None
    assert (found.url, found.share, found.headers) == ("https://otlp.example/v1/traces", 0.5, {"x-key": "hunter2"})
    (tmp_path / "headers").write_text("hunter2\n")
    with pytest.raises(ConfigError, match="otlp_headers_file") as wrong:
        config.collector()
    assert "hunter2" not in str(wrong.value)
