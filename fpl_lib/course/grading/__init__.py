"""A class with nbgrader: making its course, and judging what is handed in."""
