"""The contact centre itself, as pure code: plain data in, plain data out, time passed in.

Nothing in this package does I/O or reads a clock, and it imports no other room of xucd; a test
says so. What Asterisk did comes in as `events` (or, after a reconnection, as one `snapshot`), what
clients are to see goes out as `changes`, and what Asterisk is asked to do goes out as `intents`.
"""
