"""How an answer is judged: kinds of exercises, comparisons, mistakes, messages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "compare": ["HALF", "as_numbers", "precision_of"],
        "figures": [
            "along",
            "bar_names",
            "bars",
            "colour",
            "curve",
            "drawn",
            "from_zero",
            "lying",
            "named",
            "scales",
            "side_by_side",
            "titled",
            "with_legend",
        ],
        "kinds": ["FigureExercise", "FunctionExercise", "Mistake", "ValueExercise"],
        "spread": ["TrainingExercise"],
    },
)
