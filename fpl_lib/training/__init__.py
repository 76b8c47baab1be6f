"""A network, a recipe, a row per epoch, on CPU or GPU."""
