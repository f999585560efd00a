"""Published figures, the benchmark catalogue and the measured error rates, as files."""
