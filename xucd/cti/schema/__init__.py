"""The protocol as others read it, made from the structs that xucd itself reads and writes.

``python -m xucd.cti.schema`` writes what is generated: the TypeScript types and the table of
commands of the JavaScript library. The AsyncAPI document is made when it is asked for.
"""
