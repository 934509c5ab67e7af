"""Which clips and crops of a video the network sees, and how they are cut."""
