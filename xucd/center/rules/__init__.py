"""What each event of Asterisk does to the contact centre, one module for each kind of fact.

`table` says which rules an event runs, and in which order.
"""
