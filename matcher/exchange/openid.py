"""Log-in with the organisation's account: OpenID Connect by discovery, code flow with PKCE (S256).

Only addresses that the provider of the settings gives in its own discovery document are fetched, never one that a
person typed. What a token says counts when it is signed with a key of the provider by one of three algorithms, and
names the very issuer, the very audience and the nonce of this log-in.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import Oidc, is_safe_address

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "PS256", "ES256"]
SCOPE = "openid profile email"
TIMEOUT = (3.05, 4.0)  # seconds to connect, and between two bytes
FRESH, AWAY, KEYS_AGAIN = 3600.0, 30.0, 60.0  # seconds: a discovery counts; nobody asks again; keys are not read anew
LEEWAY = 60  # seconds that two clocks may differ
SUBJECT_LENGTH = 255  # by the standard
# What a provider says of a log-in with two factors: RFC 8176's word, and names of levels that mean it.
TWO_FACTORS = frozenset(
    {"https://refeds.org/profile/mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
     "http://id.elegnamnden.se/loa/1.0/loa3", "http://id.elegnamnden.se/loa/1.0/loa4"}
)  # fmt: skip


class ProviderAway(Exception):
    """The provider does not answer, or not as the standard says; the text is for the log and the doctor."""


class TokenRefused(Exception):
    """What the provider, or somebody in its name, sent does not count; the text says why, without any of it."""


@dataclass(frozen=True)
class Begun:
    """A log-in that goes out: where to, and what has to come back with it."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Claims:
    """What a checked token says: who it is at the provider, a name to greet by, and whether with two factors."""

    issuer: str
    subject: str
    name: str
    two_factors: bool


class Provider:
    """The one provider of the settings. Discovery and keys are remembered for an hour, per process."""

    def __init__(self, given: Oidc) -> None:
        self._given = given
        self._metadata: dict[str, Any] = {}
        self._read_at = self._failed_at = self._keys_at = float("-inf")
        self._keys: KeySet | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What people call it."""
        return self._given.name

    @property
    def issuer(self) -> str:
        """Its name among providers, as the settings and every token write it."""
        return self._given.issuer

    def discover(self) -> dict[str, Any]:
        """Return the provider's metadata; raise ProviderAway. After a failure nobody waits again for half a minute."""
        moment = time.monotonic()
        if self._metadata and moment - self._read_at < FRESH:
            return self._metadata
        if moment - self._failed_at < AWAY:
            raise ProviderAway("it did not answer a moment ago")
        try:
            metadata = _fit(self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"), self.issuer)
        except ProviderAway:
            self._failed_at = time.monotonic()
            raise
        self.know(metadata)
        return metadata

    def know(self, metadata: dict[str, Any]) -> None:
        """Remember a discovery document."""
        self._metadata, self._read_at = metadata, time.monotonic()

    def begin(self, redirect_uri: str) -> Begun:
        """Return where the browser goes, and what the server keeps until it is back."""
        metadata, nonce, verifier = self.discover(), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        url, state = self._session(metadata, redirect_uri).create_authorization_url(
            metadata["authorization_endpoint"], state=secrets.token_urlsafe(32), nonce=nonce, code_verifier=verifier
        )
        return Begun(url, state, nonce, verifier)

    def finish(self, code: str, issuer: str | None, redirect_uri: str, verifier: str, nonce: str) -> Claims:
        """Exchange the code and return what the token says; raise ProviderAway or TokenRefused.

        `issuer` is what came with the code (RFC 9207): of another provider it is refused before anything is sent.
        """
        metadata = self.discover()
        if issuer != self.issuer and (issuer or metadata.get("authorization_response_iss_parameter_supported")):
            raise TokenRefused("answer of another issuer")
        answer = self._exchange(metadata, code, redirect_uri, verifier)
        if not isinstance(answer.get("id_token"), str):
            raise TokenRefused("no ID token")
        return self._checked(answer["id_token"], answer.get("access_token"), nonce)

    def _session(self, metadata: dict[str, Any], redirect_uri: str) -> OAuth2Session:
        from authlib.integrations.requests_client import OAuth2Session

        known = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        return OAuth2Session(
            self._given.client_id, self._given.client_secret, scope=SCOPE, redirect_uri=redirect_uri,
            code_challenge_method="S256", token_endpoint_auth_method=method if self._given.client_secret else "none",
        )  # fmt: skip

    def _exchange(self, metadata: dict[str, Any], code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        try:
            with self._session(metadata, redirect_uri) as session:
                return session.fetch_token(
                    metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier,
                    timeout=TIMEOUT, allow_redirects=False,
                )  # fmt: skip
        except RequestException as error:
            raise ProviderAway(type(error).__name__) from None
        except (AuthlibBaseError, ValueError, TypeError, AttributeError) as error:
            raise TokenRefused(f"the code was not taken ({type(error).__name__})") from None

    def _checked(self, token: str, access_token: Any, nonce: str) -> Claims:
        """Return what an ID token says when everything about it is as it must be."""
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        signed = self._verified(token)
        wanted = {"iss": {"essential": True, "value": self.issuer}, "sub": {"essential": True}}
        params = {"nonce": nonce, "client_id": self._given.client_id, "access_token": access_token}
        claims = CodeIDToken(signed.claims, signed.header, wanted, params)
        try:
            claims.validate(now=int(time.time()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise TokenRefused(f"claims ({getattr(error, 'claim', '') or type(error).__name__})") from None
        audience, subject = claims["aud"], claims["sub"]
        if audience not in (self._given.client_id, [self._given.client_id]):
            raise TokenRefused("claims (aud)")
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LENGTH or "\x00" in subject:
            raise TokenRefused("claims (sub)")
        name = claims.get("name")
        return Claims(self.issuer, subject, name if isinstance(name, str) else "", self._two_factors(claims))

    def _two_factors(self, claims: dict[str, Any]) -> bool:
        if "*" in self._given.acr:  # whoever runs the hub says that this provider lets nobody in with less
            return True
        return "mfa" in (claims.get("amr") or []) or claims.get("acr") in {*TWO_FACTORS, *self._given.acr}

    def _verified(self, token: str) -> Any:
        """Return header and claims of a token with a right signature; keys that are not known yet are fetched."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            try:
                return jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
            except InvalidKeyIdError:
                return jwt.decode(token, self._key_set(again=True), algorithms=ALGORITHMS)
        except (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise TokenRefused(f"signature ({type(error).__name__})") from None

    def _key_set(self, again: bool = False) -> KeySet:
        from joserfc.jwk import KeySet

        with self._lock:
            age = time.monotonic() - self._keys_at
            if self._keys is None or age > FRESH or (again and age > KEYS_AGAIN):
                found = self._fetch(self.discover()["jwks_uri"]).get("keys")
                usable = [key for key in found or [] if key.get("kty") in ("RSA", "EC") and key.get("use") != "enc"]
                if not usable:
                    raise ProviderAway("it has no keys")
                self._keys, self._keys_at = KeySet.import_key_set({"keys": usable}), time.monotonic()
            return self._keys

    def _fetch(self, url: str) -> dict[str, Any]:
        """Return a JSON object of the provider; a redirect is not followed, for it may lead anywhere."""
        import requests

        try:
            answer = requests.get(url, timeout=TIMEOUT, allow_redirects=False)
            if answer.status_code != 200:
                raise ProviderAway(f"HTTP {answer.status_code}")
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise ProviderAway(type(error).__name__) from None
        if not isinstance(found, dict):
            raise ProviderAway("no JSON object")
        return found


def _fit(metadata: dict[str, Any], issuer: str) -> dict[str, Any]:
    """Return a discovery document; raise ProviderAway when it is another issuer's or names addresses without TLS."""
    if metadata.get("issuer") != issuer:
        called = str(metadata.get("issuer"))[:200]
        raise ProviderAway(f"it calls itself {called!r}: MATCHER_OIDC_ISSUER must be the same")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not is_safe_address(str(metadata.get(name))):
            raise ProviderAway(f"its {name} is not https")
    return metadata
