"""Measuring how well events are placed in time."""
