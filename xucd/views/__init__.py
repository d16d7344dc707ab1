"""What a message says, and to whom: plain functions from the centre's state to messages."""
