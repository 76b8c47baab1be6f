"""How an answer is judged: kinds of exercises, comparisons, mistakes, messages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "compare": ["agree", "as_numbers", "difference", "show_value"],
        "figures": [
            "along",
            "bar_names",
            "bars",
            "colour",
            "curve",
            "from_zero",
            "lying",
            "named",
            "scales",
            "side_by_side",
            "titled",
            "with_legend",
        ],
        "judge": ["NOT_ATTEMPTED", "RIGHT", "WRONG", "Verdict"],
        "kinds": [
            "Exercise",
            "FigureExercise",
            "FunctionExercise",
            "Mistake",
            "Option",
            "Quiz",
            "ValueExercise",
        ],
        "spread": ["TrainingExercise"],
    },
)
