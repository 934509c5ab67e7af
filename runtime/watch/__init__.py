"""Many cameras, one model: turns between them, and what is told of them."""
