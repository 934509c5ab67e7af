"""Answers for people: an annotated video, a page, a table. Part of i3d-edge."""

from runtime.show.annotate import annotate_video as annotate_video
from runtime.show.page import write_page as write_page
from runtime.show.table import write_table as write_table
