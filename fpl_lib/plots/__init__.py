"""What a reader sees: style, tables, figures of records, live figures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["live", "records"],
    submod_attrs={
        "gallery": ["show_gallery"],
        "style": [
            "COLORS", "FALSE_MARKER", "PALETTE", "PAPER", "TRUE_MARKER", "in_ipython", "publish",
            "show", "signed", "use_style", "widget_view",
        ],
        "tables": ["show_ledger", "show_table"],
    },
)  # fmt: skip
