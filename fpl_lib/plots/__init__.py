"""What a reader sees: style, tables, figures of records, live figures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["live", "records"],
    submod_attrs={
        "gallery": ["show_gallery"],
        "style": ["COLORS", "FALSE_MARKER", "PAPER", "TRUE_MARKER", "publish", "show", "use_style"],
        "tables": ["show_table"],
    },
)
