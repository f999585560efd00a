"""What several files of forecast build on; no measure of its own."""
