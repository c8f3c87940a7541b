"""One module for each concern; `check` yields what it found, and raises if it cannot read enough."""
