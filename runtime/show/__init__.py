"""Classifications for people: an annotated video, a page. Part of i3d-edge."""

from i3d_edge.runtime.show.annotate import annotate_video as annotate_video
from i3d_edge.runtime.show.page import write_page as write_page
