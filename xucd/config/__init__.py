"""What an operator writes: the settings and the contact centre's file, read and validated."""
