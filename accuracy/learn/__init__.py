"""A head of one's own on a network's features, and how well it does."""
