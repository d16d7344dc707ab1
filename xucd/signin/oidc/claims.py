"""The provider's signed tokens: whose signature counts, and what they have to say.

Only signatures by a key of a pair count, and only with keys that the provider publishes: never
``none``, and never HS256, for which anybody could use a published key as the secret.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from authlib.oidc.core.claims import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from xucd.signin.errors import SignInRefused

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
)  # fmt: skip
SKEW_S: Final = 60
"""How far the clocks of the provider and of this machine may be apart, in seconds."""
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
MAX_AGE_S: Final = 600
"""How old a logout token may be, in seconds."""


EMAIL: Final = "email"
VERIFIED: Final = "email_verified"


class UnknownKey(ValueError):
    """No key that is known has signed a token: it is forged, or its key is a new one."""


class Client(msgspec.Struct, frozen=True):
    """Whom tokens are for, and who makes them."""

    client_id: str
    issuer: str


def refused(reason: str) -> SignInRefused:
    """The refusal of what a provider, or who poses as it, has sent. The log has the reason."""
    text = "The answer of the sign-in server cannot be relied on; sign in again."
    return SignInRefused("SignInFailed", text, reason=reason)


def public_keys(said: object) -> list[Any]:
    """The keys of a provider's list by which it may sign. Raises ValueError."""
    if not isinstance(said, dict) or not isinstance(said.get("keys"), list):
        raise ValueError("the list of keys is malformed")
    found = []
    for key in said["keys"]:
        if isinstance(key, dict) and key.get("kty") != "oct" and key.get("use", "sig") == "sig":
            try:
                found += KeySet.import_key_set({"keys": [key]}).keys
            except (JoseError, ValueError, TypeError, KeyError):
                continue  # of a kind that is too new; others may do
    return found


def verified(token: str, keys: Iterable[Any]) -> jwt.Token:
    """A token whose signature is right. Raises `UnknownKey`, or another ValueError."""
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"no signed token: {error}") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise ValueError("its algorithm is not allowed")
    candidates = [key for key in keys if kid is None or key.kid in (kid, None)]
    problem: object = "the provider publishes no such key"
    for key in candidates:
        try:
            return jwt.decode(token, key, algorithms=[algorithm])
        except (JoseError, ValueError, TypeError) as error:
            problem = error
    # Also by a key of the token's kid: a provider may give none, or the same one to its next key.
    raise UnknownKey(f"its signature is wrong: {problem}")


def check_id_token(
    token: jwt.Token, client: Client, *, nonce: str, access_token: str, now: float
) -> Mapping[str, Any]:
    """The claims of an ID token for this sign-in. Raises ValueError."""
    # The newer name of the algorithm (RFC 9864): authlib finds no hash for it, and so no at_hash.
    renamed = {"alg": "EdDSA"} if token.header["alg"] == "Ed25519" else {}
    claims = CodeIDToken(
        token.claims,
        {**token.header, **renamed},
        options={
            "iss": {"essential": True, "value": client.issuer},
            "aud": {"essential": True, "value": client.client_id},
            "sub": {"essential": True},
        },
        params={"nonce": nonce, "client_id": client.client_id, "access_token": access_token},
    )
    try:
        claims.validate(now=int(now), leeway=SKEW_S)
    except (JoseError, ValueError, TypeError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(claims["sub"], str):
        raise ValueError("sub is no text")
    return dict(claims)


def check_logout_token(token: jwt.Token, client: Client, now: float) -> Mapping[str, Any]:
    """The claims of a logout token (Back-Channel Logout 1.0, 2.6). Raises ValueError."""
    claims = token.claims
    registry = jwt.JWTClaimsRegistry(
        int(now),
        SKEW_S,
        iss={"essential": True, "value": client.issuer},
        aud={"essential": True, "value": client.client_id},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise ValueError(str(error)) from None
    events = claims.get("events")
    if not isinstance(events, dict) or LOGOUT_EVENT not in events:
        raise ValueError("it is no logout token")
    if "nonce" in claims:
        raise ValueError("it has a nonce")
    if now - claims["iat"] > MAX_AGE_S:
        raise ValueError("it is too old")
    if not all(isinstance(claims.get(name, ""), str) for name in ("sub", "sid", "jti")):
        raise ValueError("a claim is no text")
    if not (claims.get("sub") or claims.get("sid")):
        raise ValueError("it names neither a user nor a session")
    return claims


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by the path ``a.b`` into an object; None if there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def login(claims: Mapping[str, Any], name: str) -> str:
    """The login in the claim of this name. Raises ValueError.

    An e-mail address is one if the provider has seen that it is its user's: anybody may enter
    somebody else's.
    """
    found = claim(claims, name)
    if not isinstance(found, str) or not found:
        raise ValueError(f"there is no claim {name}; see oidc.login_claim")
    verified = claims.get(VERIFIED)
    # Some providers have it as a text.
    if name == EMAIL and verified is not True and verified != "true":
        raise ValueError(f"the provider does not say {VERIFIED}; see oidc.login_claim")
    return found


def texts(value: Any) -> list[str]:
    """The texts in a claim that is one, or a list of them."""
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
