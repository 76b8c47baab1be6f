"""The notebooks' interactive figures: a picture of the starting state, and a live widget."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "formula": ["FormulaFigure"],
        "imbalance": ["ImbalanceFigure"],
        "noise": ["NoiseFigure"],
        "player": ["RunPlayer"],
        "power": ["PowerFigure"],
        "pushes": ["PushFigure"],
        "simplex": ["DescentFigure", "descend", "draw_simplex", "interior", "to_plane"],
        "variants": ["VariantFigure"],
    },
)  # fmt: skip
