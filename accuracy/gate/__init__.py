"""Holding a run to a baseline."""
