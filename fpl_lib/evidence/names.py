"""The kit's losses, as figures and tables call them."""

from __future__ import annotations

NAMES = {
    "fpl": "FPL", "ce": "CE", "focal": "focal", "poly1": "poly-1", "gce": "GCE", "sce": "SCE",
    "mae": "MAE", "class_balanced": "class-balanced", "balanced_softmax": "balanced softmax",
    "fpl_batch": "FPL, Eq. 7", "fpl_mean": "FPL, one α", "fpl_flipped": "FPL, α_F flipped",
    "fpl_quarter": "FPL, α_F / 4", "fpl_half": "FPL, α_F / 2", "fpl_double": "FPL, 2 α_F",
    "fpl_k2": "FPL, k = 2", "fpl_k9": "FPL, k = 9", "ce_matched": "CE, gradient as FPL's",
    "ce_matched_sample": "CE, each gradient as FPL's",
}  # fmt: skip


def name_of(loss: str) -> str:
    """A loss as figures and tables call it.

    >>> name_of("fpl"), name_of("my_loss")
    ('FPL', 'my_loss')
    """
    return NAMES.get(loss, loss)


def difference_of(loss: str, rival: str) -> str:
    """What is compared, in the losses' names.

    >>> difference_of("fpl", "ce"), difference_of("fpl", "fpl_mean")
    ('FPL − CE', 'FPL − (FPL, one α)')
    """
    names = (f"({name})" if "," in name else name for name in map(name_of, (loss, rival)))
    return " − ".join(names)
