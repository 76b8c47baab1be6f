"""Trial exercises and a trial quiz."""
