"""FastAGI: what Asterisk's dialplan asks xucd in the middle of a call."""
