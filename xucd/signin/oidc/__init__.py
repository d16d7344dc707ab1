"""Signing in by a provider of OpenID Connect (authorization code with PKCE).

fetching   requests to the provider, without waiting on the event loop's thread
provider   its discovery document, keys, token and userinfo endpoints
claims     its signed tokens, and what they have to say
flow       from the button to the identity, in one browser, once
"""

from typing import Final

START: Final = "/signin/oidc"
"""The path at which a browser begins."""

TAKE: Final = "/xuc/api/2.0/auth/oidc"
"""The path at which a page takes the sign-in that was made."""
