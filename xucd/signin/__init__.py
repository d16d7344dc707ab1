"""Signing in: passwords, LDAP, OpenID Connect, bounds on guessing, tokens and their end."""
