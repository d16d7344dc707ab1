"""The AMI side: the link to Asterisk, its framing, typed events and typed actions."""
