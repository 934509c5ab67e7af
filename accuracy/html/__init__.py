"""Runs as one HTML file that needs nothing else: pure functions from recorded runs to markup."""

from accuracy.html.flips import Pair as Pair
from accuracy.html.flips import make_pairs as make_pairs
from accuracy.html.models import ReportedModel as ReportedModel
from accuracy.html.models import protocol_titles as protocol_titles
from accuracy.html.models import run_titles as run_titles
from accuracy.html.page import report_to_html as report_to_html
