"""The command line: tables, comparisons, traces, sweeps and budgets in a terminal."""
