"""Running models on a list of videos under a protocol."""
