"""The protocol for other programs, generated from the structs that xucd itself reads and writes.

``python -m xucd.cti.schema`` writes the TypeScript types and the tables of the JavaScript library,
and the methods of the Python client. The AsyncAPI document is generated on request.
"""
