import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.statements import canonical

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_bytes_are_those_of_the_reference_implementation(value):
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(JSON)
def test_decode_gives_the_value_back(value):
    assert canonical.encode(canonical.decode(canonical.encode(value))) == canonical.encode(value)


def test_the_example_of_the_rfc():
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\x0f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    wanted = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical.encode(value).decode() == wanted


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1.0}',
        b'{"a":1,"a":1}',
        b'"\\u0041"',
        b"[1e2]",
        b"",
        b"nul",
        b"\xff",
        b"-0",
    ],
)
def test_other_bytes_of_the_same_value_are_refused(data):
    with pytest.raises(FormatError):
        canonical.decode(data)


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), "\ud800", {"\ud800": 1}])
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(FormatError):
        canonical.encode({"x": value})


def test_depth_is_bounded():
    value = []
    for _ in range(100):
        value = [value]
    with pytest.raises(FormatError, match="deeper"):
        canonical.encode([0.5, value])
