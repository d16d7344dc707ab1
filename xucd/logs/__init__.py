"""Files that Asterisk writes, read for what was not heard while it happened."""
