from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from ledger.cli.pulling import aws
from ledger.cli.pulling.aws import AwsPlatform
from ledger.connectors.connector import Options
from ledger.errors import ConfigError, FormatError, UnavailableError
from tests.services.mturk import Requester, mturk

HIT = "123RVWYBAZW00EXAMPLE"
SECRET = "of-a-test-and-said-nowhere"


@pytest.fixture
def requester(monkeypatch: pytest.MonkeyPatch) -> Iterator[Requester]:
    with mturk() as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", found.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        yield found


def ask(**options: str) -> AwsPlatform:
    return AwsPlatform(Options(options))


def test_replies_are_plain_json_with_times_in_utc(requester: Requester) -> None:
    requester.approve(requester.submit(1, requester.hit(HIT)))
    with ask() as platform:
        (given,) = platform("ListAssignmentsForHIT", {"HITId": HIT})["Assignments"]
        assert (given["SubmitTime"], given["ApprovalTime"]) == ("2019-12-01T13:04:59.000Z", "2019-12-02T00:00:00.000Z")
        assert platform("GetHIT", {"HITId": HIT}).keys() == {"HIT"}
        assert SECRET not in repr(platform)


def test_each_error_says_whether_it_is_worth_another_try(requester: Requester, monkeypatch: pytest.MonkeyPatch) -> None:
    requester.hit(HIT)
    with ask() as platform:
        with pytest.raises(FormatError, match=r"AWS\.MechanicalTurk\.HITDoesNotExist"):
            platform("GetHIT", {"HITId": "3GONE"})
        with pytest.raises(FormatError, match="MaxResults"):
            platform("ListAssignmentsForHIT", {"HITId": HIT, "MaxResults": 0})
        for code in ("AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"):
            requester.failing = [(400, code)]
            with pytest.raises(ConfigError, match=code):
                platform("GetHIT", {"HITId": HIT})
        requester.failing = [(400, "com.amazonaws#ServiceFault")]
        with pytest.raises(UnavailableError, match="ServiceFault"):
            platform("GetHIT", {"HITId": HIT})
        for no_such in (platform.file, lambda path: platform.sign_in(path, "me")):
            with pytest.raises(FormatError):
                no_such("GetHIT")
    monkeypatch.setattr(aws, "_TRIES", 1)
    with ask() as platform:
        requester.failing = [(400, "ThrottlingException")]
        with pytest.raises(UnavailableError, match="ThrottlingException"):
            platform("GetHIT", {"HITId": HIT})
    monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", "http://127.0.0.1:9")
    with ask() as platform, pytest.raises(UnavailableError, match="127"):
        platform("GetHIT", {"HITId": HIT})


def test_what_amazon_says_of_a_signature_shows_no_session_token() -> None:
    said = "The signature we calculated does not match.\n\nThe Canonical String was\n'POST\nx-amz-security-token:FQoGZ"
    with pytest.raises(ConfigError) as refused:
        aws._fail(ClientError({"Error": {"Code": "InvalidSignatureException", "Message": said}}, "GetHIT"), "GetHIT")
    assert refused.value.detail == "GetHIT: The signature we calculated does not match."


def test_the_sandbox_has_an_address_of_its_own_and_a_queue_its_region(requester: Requester) -> None:
    with ask(sandbox="yes") as platform:
        assert platform._mturk.meta.endpoint_url == aws.SANDBOX
    with ask(sandbox="no", queue="https://sqs.eu-west-1.amazonaws.com/123456789012/hits") as platform:
        assert platform._mturk.meta.endpoint_url == requester.endpoint
        assert platform._sqs.meta.region_name == "eu-west-1"
    for options in ({"sandbox": "perhaps"}, {"queue": "hits"}, {"queue": "https://user:word@sqs/1/q"}):
        with pytest.raises(ConfigError):
            ask(**options)


def test_without_amazons_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ConfigError) as missing:
        ask()
    assert "crowdledger[mturk]" in missing.value.remedy


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    with pytest.raises(ConfigError, match="nobodys"):
        ask()
