"""The verbs of the `matcher` command, each a thin function; what a verb does stands in the layers below."""
