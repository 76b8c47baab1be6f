"""What a reader sees: style, tables, figures of records, live figures."""
