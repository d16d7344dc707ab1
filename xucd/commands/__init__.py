"""What a user may ask for: one module for each family of commands.

A command says what it needs, each lack with its code, then asks Asterisk, and waits until Asterisk
has done it. It never edits what clients see. `xucd.commands.table` holds the register.
"""
