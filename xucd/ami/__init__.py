"""AMI, Asterisk's manager interface: connection, framing, typed events and typed actions."""
