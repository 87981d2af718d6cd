import pytest

from ledger.cli.addresses import parse_address
from ledger.errors import ConfigError

GOOD = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # from EIP-55


@pytest.mark.parametrize("text", [GOOD, GOOD.lower(), "0x" + GOOD[2:].upper()])
def test_an_address_in_any_case(text: str) -> None:
    assert parse_address(text) == GOOD.lower()


@pytest.mark.parametrize(
    "text", ["", "0x", GOOD[:-1], GOOD + "0", GOOD[2:], GOOD.replace("A", "a", 1), "0x" + 40 * "g"]
)
def test_typing_errors(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_address(text)
