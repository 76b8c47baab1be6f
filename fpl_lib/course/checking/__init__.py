"""How an answer is judged: kinds of exercises, comparisons, mistakes, messages."""
