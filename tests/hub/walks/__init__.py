"""Walks through the chain from proposal to outcome: who walks (`ground`), the steps, and the rules (`model`)."""
