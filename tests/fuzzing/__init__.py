"""Inputs that nobody foresaw, for every place at which bytes come in from outside.

`targets` has one row for each place, `mutation` makes inputs from good ones, `__main__` lets
atheris look for them by what they reach in xucd's code. A target's function raises for what may not
happen; what the place refuses in order is no failure.
"""
