"""The notebooks' interactive figures: a picture of the starting state, and a live widget."""

from fpl_lib.plots.live.formula import FormulaFigure
from fpl_lib.plots.live.formula_controls import probability_sliders
from fpl_lib.plots.live.gradient_controls import descent_sliders, logit_sliders
from fpl_lib.plots.live.imbalance import ImbalanceFigure, imbalance_controls
from fpl_lib.plots.live.player import RunPlayer, run_player
from fpl_lib.plots.live.pushes import PushFigure
from fpl_lib.plots.live.simplex import DescentFigure, descend, draw_simplex, interior, to_plane
from fpl_lib.plots.live.variants import VariantFigure, variant_controls

__all__ = [
    "DescentFigure",
    "FormulaFigure",
    "ImbalanceFigure",
    "PushFigure",
    "RunPlayer",
    "VariantFigure",
    "descend",
    "descent_sliders",
    "draw_simplex",
    "imbalance_controls",
    "interior",
    "logit_sliders",
    "probability_sliders",
    "run_player",
    "to_plane",
    "variant_controls",
]
