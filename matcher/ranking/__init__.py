"""Text → vectors → scores → reasons. No Flask; it suggests and decides nothing.

`scoring` says why something is first, `gates` what stops it, `evidence` which sentences meet, `ranker` puts them
together for the hub's own rows, `indexing` keeps vectors in step with texts, `evaluation` measures all of it.
"""
