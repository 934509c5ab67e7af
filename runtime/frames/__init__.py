"""Videos, image folders and arrays, read as frames with their times."""
