"""Results as text and as a page."""
