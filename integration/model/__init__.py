"""A model of the world around xucd: random sequences on a real Asterisk, and what must hold after.

Several actors do what people and programs do beside xucd: phones and callers (SIPp), a dialplan, a
foreign AMI client, Asterisk's own command line, pages of xucd, and a hand that kills xucd. `steps`
is the table of what they can do and when. `run` chooses steps by a seed, does them in bursts, waits
until Asterisk has been quiet for a second, and compares what xucd tells (`told`) with what Asterisk
lists (`listed`), by the rules of `compare`. A trace that failed is kept as JSON and, if asked,
made shorter (`shrink`).
"""
