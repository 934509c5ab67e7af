"""Lists of labelled videos: read, pinned, checked."""
