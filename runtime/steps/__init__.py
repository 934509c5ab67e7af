"""Step models: a network that is shown only the newest frames, and remembers what it computed from the others."""
