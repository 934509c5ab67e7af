"""Fusing the layout: one transposition of pixels instead of two of numbers, or none."""

import openvino as ov

from i3d_edge.convert.passes.feed import NO_BLOCK, lay_out, read_feed
from i3d_edge.convert.passes.stem import find_stems


def fuse_layout(model: ov.Model) -> str | None:
    """Transpose what each first convolution reads once, before normalising, in place.

    Conversion leaves two transposes: from the caller's layout to the graph's, and from that to the convolution's.
    """
    stems = [(stem, feed) for stem in find_stems(model) if (feed := read_feed(stem)).num_transposes > 1]
    if not stems:
        return "no two transposes before a first convolution"
    for stem, feed in stems:
        stem.input(0).replace_source_output(lay_out(feed, NO_BLOCK, name=stem.get_friendly_name()))
    model.validate_nodes_and_infer_types()
    return None
