"""The budgets, measured: `python -m benchmarks [NAME ...] [--json] [--runs N] [--scale]`.

Each module but `measure` and `home` holds one group of budgets: a function `figures(runs)` that yields them.
Everything is measured as whole processes, warm, and judged by medians; a ratio is taken between two
medians of the same run, so that a busy or slow machine weighs on both.
"""
