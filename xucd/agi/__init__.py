"""FastAGI: requests of Asterisk's dialplan to xucd during a call."""
