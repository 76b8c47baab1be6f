"""What `python -m fpl_lib` does: data, train, reproduce, report, bench."""
