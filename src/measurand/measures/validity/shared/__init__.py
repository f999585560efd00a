"""What several files of validity build on; no measure of its own."""
