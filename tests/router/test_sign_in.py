"""How people sign in, as settings: half of them is said, and nothing that lets everybody in."""

import pytest

from router.settings import SettingsError, read_settings
from tests.router.test_settings import ENOUGH

OIDC = {
    "GUARDIA_OIDC_ISSUER": "https://login.example.org/realms/ops",
    "GUARDIA_OIDC_CLIENT_ID": "guardia",
}


def problems(**given: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        read_settings(ENOUGH | given)
    return refused.value.problems


def test_nothing_is_set_up_by_itself() -> None:
    sign_in = read_settings(ENOUGH).sign_in

    assert (sign_in.oidc, sign_in.proxy_header, sign_in.proxy_from) == (None, None, ())
    assert not any(map(sign_in.trusts, ("127.0.0.1", "::1", "10.0.0.1", "")))


def test_a_provider_is_its_issuer_and_our_name_there() -> None:
    oidc = read_settings(ENOUGH | OIDC).sign_in.oidc

    assert oidc is not None
    assert (oidc.issuer, oidc.client_id, oidc.claim) == (*OIDC.values(), "email")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"GUARDIA_OIDC_ISSUER": "https://login.example.org"}, "GUARDIA_OIDC_CLIENT_ID"),
        ({"GUARDIA_OIDC_CLIENT_ID": "guardia"}, "GUARDIA_OIDC_ISSUER"),
    ],
)
def test_half_a_provider_is_said(given: dict[str, str], missing: str) -> None:
    assert problems(**given) == (f"{missing} must be set too, for signing in by OpenID Connect",)


def test_a_claim_alone_is_half_a_provider() -> None:
    assert len(problems(GUARDIA_OIDC_CLAIM="upn")) == 2


@pytest.mark.parametrize(
    "issuer",
    [
        "login.example.org",
        "http://login.example.org",
        "https://",
        "https://login.example.org/?x=1",
        "https://login.example.org/#x",
        "https://user@login.example.org",
        "ftp://login.example.org",
        "https://[",
        "javascript:alert(1)",
    ],
)
def test_an_issuer_that_can_be_read_on_the_way_or_is_none_is_refused(issuer: str) -> None:
    (told,) = problems(**OIDC | {"GUARDIA_OIDC_ISSUER": issuer})

    assert told.startswith("GUARDIA_OIDC_ISSUER must be an address such as https://login")


def test_a_header_without_the_proxys_address_would_be_anybodys() -> None:
    (told,) = problems(GUARDIA_PROXY_HEADER="X-Forwarded-Email")

    assert told.startswith("GUARDIA_PROXY_HEADER is set without GUARDIA_PROXY_FROM")


@pytest.mark.parametrize(
    "header", ["X Email", "Émail", "x:y", "Authorization", "Cookie", "host", "X-Forwarded-For"]
)
def test_a_header_that_browsers_send_themselves_names_nobody(header: str) -> None:
    (told,) = problems(GUARDIA_PROXY_HEADER=header, GUARDIA_PROXY_FROM="10.0.0.5")

    assert told.startswith("GUARDIA_PROXY_HEADER must be the name of a header that only the proxy")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("0.0.0.0/0", "must not hold 0.0.0.0/0: anybody could say who they are"),
        ("10.0.0.5, ::/0", "must not hold ::/0"),
        ("::ffff:0:0/96", "must not hold ::ffff:0:0/96"),  # all of IPv4
        ("::/64", "must not hold ::/64"),
        ("proxy.example", "not 'proxy.example'"),
        ("10.0.0.0/33", "not '10.0.0.0/33'"),
    ],
)
def test_everybody_is_no_proxy(given: str, sentence: str) -> None:
    (told,) = problems(GUARDIA_PROXY_HEADER="X-Forwarded-Email", GUARDIA_PROXY_FROM=given)

    assert sentence in told


def test_addresses_alone_say_whose_word_counts_for_where_callers_are() -> None:
    sign_in = read_settings(ENOUGH | {"GUARDIA_PROXY_FROM": "10.1.0.0/16,::1"}).sign_in

    assert sign_in.proxy_header is None
    assert sign_in.trusts("10.1.2.3")
    assert sign_in.trusts("::ffff:10.1.2.3")
    assert sign_in.trusts("::1")
    assert not sign_in.trusts("10.2.0.1")


def test_a_network_of_ipv4_counts_also_as_sockets_for_both_kinds_write_it() -> None:
    sign_in = read_settings(ENOUGH | {"GUARDIA_PROXY_FROM": "::ffff:10.0.0.0/104"}).sign_in

    assert sign_in.trusts("10.1.2.3")
    assert sign_in.trusts("::ffff:10.1.2.3")
    assert not sign_in.trusts("11.0.0.1")
