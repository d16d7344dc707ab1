"""xucd: a contact centre for web pages, beside an Asterisk PBX."""

__version__ = "0.1.0"
