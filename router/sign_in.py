"""How people sign in: the settings of it, and the sentences about half of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

OIDC_SECRET: Final = "oidc-client-secret"  # noqa: S105 - a file's name
DEFAULT_CLAIM: Final = "email"
SETTINGS: Final = (
    "GUARDIA_OIDC_ISSUER",
    "GUARDIA_OIDC_CLIENT_ID",
    "GUARDIA_OIDC_CLAIM",
    "GUARDIA_PROXY_HEADER",
    "GUARDIA_PROXY_FROM",
)
_MAPPED: Final = IPv6Network("::ffff:0:0/96")  # addresses of IPv4, written as of IPv6
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~")  # RFC 9110, 5.6.2, beside letters and digits
# What browsers and proxies send by themselves: anybody would be whoever they like.
_NOT_FOR_NAMES: Final = frozenset(
    {
        *("authorization", "cookie", "host", "origin", "referer", "user-agent"),
        *("forwarded", "x-forwarded-for"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """The organisation's identity provider (OpenID Connect)."""

    issuer: str  # as it writes itself in its tokens
    client_id: str
    claim: str = DEFAULT_CLAIM  # of the ID token that holds the name at sign-in


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """By which ways people may sign in; without any, only by a token that a command makes."""

    oidc: Oidc | None = None
    proxy_header: str | None = None  # in lower case; with the name at sign-in
    proxy_from: tuple[Network, ...] = ()  # whose X-Forwarded-For and `proxy_header` are believed

    def trusts(self, address: str) -> bool:
        """Say whether this is the address of a proxy of ours; anything else is none."""
        try:
            found = _unmapped(ip_address(address))
        except ValueError:
            return False
        return any(found in network for network in self.proxy_from)


def read_sign_in(given: Mapping[str, str]) -> tuple[SignIn, tuple[str, ...]]:
    """Return the settings of `SETTINGS`, and a sentence for each that will not do.

    `given` has no empty values.
    """
    problems: list[str] = []
    oidc = _read_oidc(given, problems)
    header = given.get("GUARDIA_PROXY_HEADER")
    networks = _read_networks(given.get("GUARDIA_PROXY_FROM", ""), problems)
    if header is not None and not _is_header(header):
        problems.append(
            "GUARDIA_PROXY_HEADER must be the name of a header that only the proxy sets,"
            f" such as X-Forwarded-Email, not {header!r}"
        )
    if header is not None and "GUARDIA_PROXY_FROM" not in given:
        problems.append(
            "GUARDIA_PROXY_HEADER is set without GUARDIA_PROXY_FROM: say from which addresses"
            " the proxy calls, or anybody could send the header"
        )
    name = None if header is None else header.lower()
    return SignIn(oidc=oidc, proxy_header=name, proxy_from=networks), tuple(problems)


def _read_oidc(given: Mapping[str, str], problems: list[str]) -> Oidc | None:
    names = ("GUARDIA_OIDC_ISSUER", "GUARDIA_OIDC_CLIENT_ID")
    missing = [name for name in names if name not in given]
    if missing and not any(name in given for name in SETTINGS[:3]):
        return None
    if missing:
        problems += [
            f"{name} must be set too, for signing in by OpenID Connect" for name in missing
        ]
        return None
    issuer = given["GUARDIA_OIDC_ISSUER"]
    if not _is_issuer(issuer):
        problems.append(
            "GUARDIA_OIDC_ISSUER must be an address such as https://login.example.org/realms/ops,"
            f" as the provider writes it in its tokens, not {issuer!r}"
        )
        return None
    return Oidc(
        issuer=issuer,
        client_id=given["GUARDIA_OIDC_CLIENT_ID"],
        claim=given.get("GUARDIA_OIDC_CLAIM", DEFAULT_CLAIM),
    )


def _is_issuer(text: str) -> bool:
    """Say whether it is an address without query or fragment, by TLS unless on this machine.

    Source: OpenID Connect Discovery 1.0, 2 and 3.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        usable = text.isprintable() and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        return False
    return usable and bool(host) and (parts.scheme == "https" or is_plain_http_to_us(text))


def is_plain_http_to_us(url: str) -> bool:
    """Say whether an address is of this very machine, where nobody reads on the way."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    return parts.scheme == "http" and is_loopback


def _is_header(name: str) -> bool:
    known = name.isascii() and all(char.isalnum() or char in _TOKEN for char in name)
    return known and bool(name) and name.lower() not in _NOT_FOR_NAMES


def _read_networks(text: str, problems: list[str]) -> tuple[Network, ...]:
    found: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = _unmapped_network(ip_network(part, strict=False))
        except ValueError:
            problems.append(
                "GUARDIA_PROXY_FROM must be addresses or networks such as 10.0.0.5 or 10.1.0.0/16,"
                f" with commas between them, not {part!r}"
            )
            continue
        if network.prefixlen == 0 or _holds_all_of_ipv4(network):
            problems.append(
                f"GUARDIA_PROXY_FROM must not hold {part}: anybody could say who they are"
            )
            continue
        found.append(network)
    return tuple(found)


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that a socket for both kinds writes as ::ffff:10.0.0.5."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _unmapped_network(network: Network) -> Network:
    """Return the IPv4 network that ::ffff:10.0.0.0/104 is: a caller's address is unmapped too."""
    if network.version == 4 or not network.subnet_of(_MAPPED):
        return network
    bits = network.prefixlen - _MAPPED.prefixlen
    return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, bits))


def _holds_all_of_ipv4(network: Network) -> bool:
    return network.version == 6 and network.supernet_of(_MAPPED)
