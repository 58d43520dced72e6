"""Amazon SNS: what is signed by it for our topic, lately, is taken, and nothing else."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.providers import sns
from app.inbound.providers.shapes import Malformed, Unsigned, Unverifiable
from tests.inbound.providers import signing
from tests.inbound.providers.signing import HOST, NOW, PEM_URL, TOPIC, Amazon

Post = dict[str, Any]


def verify(post: Post, amazon: Amazon | None = None, topics: tuple[str, ...] = (TOPIC,)) -> Any:
    body = json.dumps(post).encode()
    return sns.verify(body, topics, sns.Certificates(amazon or Amazon()), NOW)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [{}, {"Subject": "Amazon SES Email Event Notification"}])
def test_a_signed_notification_is_taken(version: str, subject: dict[str, str]) -> None:
    notice = verify(signing.sns('{"é": "\\n"}', SignatureVersion=version, **subject))
    assert notice.message == '{"é": "\\n"}'
    assert (notice.type, notice.topic, notice.subscribe_url) == ("Notification", TOPIC, "")


def test_a_subject_of_null_is_none() -> None:
    post = signing.sns()
    assert verify({**post, "Subject": None}).topic == TOPIC


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "Signature"])
def test_what_was_changed_on_the_way_is_not(name: str) -> None:
    post = signing.sns("told", Subject="s")
    other = "2026-11-23T12:00:01.123Z" if name == "Timestamp" else "AAAA"
    with pytest.raises(Unsigned, match="signature"):
        verify({**post, name: other})


def test_one_version_does_not_stand_for_the_other() -> None:
    with pytest.raises(Unsigned):
        verify({**signing.sns(SignatureVersion="2"), "SignatureVersion": "1"})


def test_anothers_key_signs_nothing() -> None:
    with pytest.raises(Unsigned):
        verify(signing.sns(key=rsa.generate_private_key(65537, 2048)))


@pytest.mark.parametrize(
    "topic",
    [
        "arn:aws:sns:eu-west-1:999999999999:bounces",
        "arn:aws:sns:eu-west-1:123456789012:bounces2",
        "ARN:AWS:SNS:EU-WEST-1:123456789012:BOUNCES",
        "",
    ],
)
def test_a_topic_of_somebody_else_is_refused_before_anything_is_fetched(topic: str) -> None:
    amazon = Amazon()
    with pytest.raises(Unsigned, match="topic"):
        verify(signing.sns(TopicArn=topic), amazon)
    assert amazon.asked == []


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (timedelta(0), True),
        (timedelta(minutes=70), True),
        (timedelta(minutes=80), False),
        (timedelta(days=365), False),
        (-timedelta(minutes=10), True),
        (-timedelta(minutes=20), False),
    ],
)
def test_what_is_old_is_not_played_again(age: timedelta, taken: bool) -> None:
    post = signing.sns(at=NOW - age)
    if taken:
        assert verify(post)
    else:
        with pytest.raises(Unsigned, match="old"):
            verify(post)


ELSEWHERE = [
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",  # not the topic's region
    "https://sns.eu-west-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
    "https://user:pass@sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
    "https://sns.eu-west-1.amazonaws.com:443/x.pem",
    "https://sns.eu-west-1.amazonaws.com\\@evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com#@evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com?@evil.example/x.pem",
    "https://ѕns.eu-west-1.amazonaws.com/x.pem",  # a Cyrillic letter
    "https://sns.eu-west-1.amazonaws。com/x.pem",  # a wide full stop
    "https://SNS.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com./x.pem",
    "https://sns.eu-west-1.amazonaws.com/x.pem?y",
    "https://sns.eu-west-1.amazonaws.com/x.pem#y",
    "https://sns.eu-west-1.amazonaws.com/../x.pem",
    "https://sns.eu-west-1.amazonaws.com/a/../x.pem",
    "https://sns.eu-west-1.amazonaws.com//evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com/%2e%2e/x.pem",
    "https://sns.eu-west-1.amazonaws.com/x.pem\n",
    "https://sns.eu-west-1.amazonaws.com/\r\nHost: evil.example/x.pem",
    "https://sns.eu-west-1.amazonaws.com/x.txt",
    "https://sns.s3.amazonaws.com/x.pem",
    "file:///x.pem",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_certificate_from_elsewhere_is_not_even_asked_for(url: str) -> None:
    amazon = Amazon()
    with pytest.raises(Unsigned, match="leads away"):
        verify(signing.sns(SigningCertURL=url), amazon)
    assert amazon.asked == []


def test_in_china_the_host_is_chinas() -> None:
    topic = "arn:aws-cn:sns:cn-north-1:123456789012:bounces"
    url = "https://sns.cn-north-1.amazonaws.com.cn/x.pem"
    amazon = Amazon()
    amazon.served[url] = signing.certificate()
    assert verify(signing.sns(TopicArn=topic, SigningCertURL=url), amazon, (topic,))
    with pytest.raises(Unsigned):
        verify(
            signing.sns(
                TopicArn=topic, SigningCertURL="https://sns.cn-north-1.amazonaws.com/x.pem"
            ),
            amazon,
            (topic,),
        )


@pytest.mark.parametrize(
    "pem",
    [
        signing.certificate(ends=NOW - timedelta(days=1)),
        signing.certificate(begins=NOW + timedelta(days=1)),
        signing.certificate(ec.generate_private_key(ec.SECP256R1())),
        b"no certificate",
        b"",
    ],
    ids=["expired", "not yet", "another kind of key", "none", "nothing"],
)
def test_a_certificate_must_be_one_and_valid_now(pem: bytes) -> None:
    amazon = Amazon()
    amazon.served[PEM_URL] = pem
    with pytest.raises(Unsigned, match="certificate"):
        verify(signing.sns(), amazon)


def test_a_small_key_signs_nothing() -> None:
    small = rsa.generate_private_key(65537, 1024)
    with pytest.raises(Unsigned, match="2048"):
        verify(signing.sns(key=small), Amazon(signing.certificate(small)))


def test_a_certificate_is_fetched_once_and_again_after_a_failure() -> None:
    amazon = Amazon()
    held = sns.Certificates(amazon)
    kept = amazon.served.pop(PEM_URL)
    body = json.dumps(signing.sns()).encode()
    with pytest.raises(Unverifiable):
        sns.verify(body, [TOPIC], held, NOW)
    amazon.served[PEM_URL] = kept
    for _time in range(3):
        sns.verify(body, [TOPIC], held, NOW)
    assert amazon.asked == [PEM_URL, PEM_URL]


def test_few_certificates_are_held() -> None:
    amazon = Amazon()
    held = sns.Certificates(amazon)
    for number in range(2 * sns.MOST_CERTIFICATES):
        amazon.served[f"{HOST}/{number}.pem"] = signing.certificate()
        held.at(f"{HOST}/{number}.pem")
    assert len(held._held) <= sns.MOST_CERTIFICATES


def test_a_subscription_is_confirmed_at_amazon() -> None:
    amazon = Amazon()
    notice = verify(signing.subscription(), amazon)
    sns.confirm(notice, amazon)
    assert amazon.asked == [PEM_URL, signing.SUBSCRIBE_URL]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/?Action=ConfirmSubscription&TopicArn=" + TOPIC,
        "https://sns.eu-west-1.amazonaws.com@evil.example/?Action=ConfirmSubscription",
        f"{HOST}:444/?Action=ConfirmSubscription&TopicArn={TOPIC}",
        f"{HOST}/elsewhere?Action=ConfirmSubscription&TopicArn={TOPIC}",
        f"{HOST}/?Action=DeleteTopic&TopicArn={TOPIC}",
        f"{HOST}/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn={TOPIC}",
        f"{HOST}/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:1:other",
        f"{HOST}/?Action=ConfirmSubscription",
        f"http{HOST[5:]}/?Action=ConfirmSubscription&TopicArn={TOPIC}",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_subscription_leads_nowhere_else(url: str) -> None:
    amazon = Amazon()
    notice = verify(signing.subscription(SubscribeURL=url), amazon)
    with pytest.raises(Unsigned):
        sns.confirm(notice, amazon)
    assert amazon.asked == [PEM_URL]


def test_a_subscription_that_cannot_be_confirmed_is_to_be_tried_again() -> None:
    amazon = Amazon()
    del amazon.served[signing.SUBSCRIBE_URL]
    with pytest.raises(Unverifiable):
        sns.confirm(verify(signing.subscription(), amazon), amazon)


def test_a_subscription_is_signed_with_its_token_and_address() -> None:
    for name in ("Token", "SubscribeURL"):
        with pytest.raises(Unsigned):
            verify({**signing.subscription(), name: "x"})


@pytest.mark.parametrize(
    "changed",
    [
        {"Type": "Other"},
        {"Type": None},
        {"Message": None},
        {"MessageId": 7},
        {"TopicArn": ["x"]},
        {"Timestamp": "yesterday"},
        {"SignatureVersion": "3"},
        {"Signature": {}},
        {"Message": "\ud800"},
    ],
    ids=str,
)
def test_what_is_no_message_of_sns_is_malformed(changed: Post) -> None:
    with pytest.raises(Malformed):
        verify({**signing.sns(), **changed})


def test_a_bomb_is_not_read() -> None:
    for body in (b"[" * 100_000, b'{"Type": ' * 50_000, b" " * (3 << 20), b"9" * 10_000, b"\xff"):
        with pytest.raises(Malformed):
            sns.verify(body, [TOPIC], sns.Certificates(Amazon()), NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200) | st.builds(lambda x: json.dumps(x).encode(), JSON))
def test_bytes_of_any_kind_are_refused_in_our_words(body: bytes) -> None:
    with pytest.raises((Malformed, Unsigned)):
        sns.verify(body, [TOPIC], sns.Certificates(Amazon()), NOW)


@given(st.sampled_from(sorted(signing.subscription())), JSON)
def test_a_field_of_any_kind_is_refused_in_our_words(name: str, value: object) -> None:
    post = signing.subscription()
    if name == "UnsubscribeURL" or post[name] == value:
        return  # which nobody signs
    with pytest.raises((Malformed, Unsigned)):
        verify({**post, name: value})
