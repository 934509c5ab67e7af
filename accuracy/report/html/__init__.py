"""Runs as one HTML file that needs nothing else: pure functions from recorded runs to markup."""

from i3d_edge.accuracy.report.html.flips import Pair as Pair
from i3d_edge.accuracy.report.html.flips import make_pairs as make_pairs
from i3d_edge.accuracy.report.html.models import ReportedModel as ReportedModel
from i3d_edge.accuracy.report.html.models import protocol_titles as protocol_titles
from i3d_edge.accuracy.report.html.models import run_titles as run_titles
from i3d_edge.accuracy.report.html.page import report_to_html as report_to_html
