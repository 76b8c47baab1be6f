"""What a class needs: exercises, checks, editions, grading, the book."""
