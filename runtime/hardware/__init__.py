"""Which devices this machine has, and whether they may be opened."""
