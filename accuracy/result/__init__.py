"""What a run recorded, and the metrics computed from it."""
