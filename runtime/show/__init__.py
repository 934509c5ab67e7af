"""Classifications for people: an annotated video, a page. Part of i3d-edge."""
