"""What a class needs: exercises, checks, editions, grading, the book."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "calls": ["check", "hint", "predict", "recall"],
        "editions": ["execute"],
        "kept": ["open_drawers", "sort_claims"],
    },
)
