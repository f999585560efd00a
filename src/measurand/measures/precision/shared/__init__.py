"""What several files of precision build on; no measure of its own."""
