"""The callback service: lists and requests, their calls, and messages that callers leave."""
