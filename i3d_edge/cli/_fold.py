"""--fold: how the first convolution is folded, chosen for a CPU unless it is given."""

import click

from i3d_edge.cli._base import options
from i3d_edge.core.fold import BEST_FOLD, Fold, cpu_kind
from i3d_edge.core.processor import read_processor

AUTO = "auto"


fold_option = options(
    click.option(
        "--fold",
        type=click.Choice([AUTO, "dhw", "hw", "h", "none"]),
        default=AUTO,
        help="Fold the first convolution along these axes. auto: what is fastest on this CPU.",
    ),
    click.option("--no-fold", "fold", flag_value="none", show_default=False, help="Same as --fold none."),
)


def choose_fold(given: str, *, is_int8: bool) -> tuple[Fold | None, str]:
    """Return a fold, given the value of --fold, and why it was chosen, for people."""
    if given != AUTO:
        fold = next((fold for fold in ("dhw", "hw", "h") if fold == given), None)
        return fold, f"{given}, as given"
    kind = cpu_kind(read_processor().features)
    best = BEST_FOLD[kind]
    fold = best.int8 if is_int8 else best.floats
    return fold, f"{fold or 'none'}, the choice for this CPU ({kind})"
