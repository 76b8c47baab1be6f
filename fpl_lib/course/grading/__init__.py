"""A class with nbgrader: `classroom` makes its course, `steps` run it, `grade` judges an answer."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["classroom", "grade", "steps"]
)
