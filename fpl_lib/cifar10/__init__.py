"""The images, from wherever they can be had; cut, skewed, mislabelled."""
