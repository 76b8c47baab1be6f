"""What `python -m fpl_lib` does: data, train, reproduce, report, contest, bench."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"cli": ["main"]})
