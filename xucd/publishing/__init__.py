"""From what changed to what is sent: each change becomes messages for those who may see it."""
