"""The notebooks' interactive figures: a picture of the starting state, and a live widget."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "formula": ["FormulaFigure", "probability_sliders"],
        "imbalance": ["ImbalanceFigure", "imbalance_controls"],
        "noise": ["NoiseFigure", "noise_controls"],
        "player": ["RunPlayer", "run_player"],
        "power": ["PowerFigure", "power_controls"],
        "pushes": ["PushFigure", "logit_sliders"],
        "simplex": [
            "DescentFigure", "descend", "descent_sliders", "draw_simplex", "interior", "to_plane",
        ],
        "variants": ["VariantFigure", "variant_controls"],
    },
)  # fmt: skip
