"""How fast the kit is, always beside something else in the same run: `python -m fpl_lib bench`."""
