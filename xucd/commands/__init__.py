"""The commands: what a user may ask for, one module for each family.

A handler checks its preconditions, each with its code, then sends its intents to Asterisk and waits
until Asterisk's events show their effect. It never edits what clients see. The table of handlers is
`xucd.app.handlers`.
"""
