"""The nouns of the hub and their rules, one module a noun, its SQL beside its rules.

Knows the store and nothing above it: no Flask, no ranking, no files. Every function that changes something
takes the store, who does it (`Viewer`) and the time (UTC ISO text), and does permission, state, change,
audit row and outbox row in one transaction. Domain errors are in `errors.py`; the web turns them into pages.
"""
