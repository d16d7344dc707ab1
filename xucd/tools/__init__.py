"""What helps an operator: checking an Asterisk, recording what it says, replaying a record."""
