"""Watching several cameras with one model."""
