"""Signing in: passwords and bounds on guessing, tokens, and which sign-ins have ended."""
