"""Signing in by a provider of OpenID Connect (authorization code with PKCE).

fetching   requests to the provider, without waiting on the event loop's thread
provider   its discovery document, keys, token and userinfo endpoints
claims     its signed tokens, and what they have to say
flow       from the button to the identity, in one browser, once
"""
