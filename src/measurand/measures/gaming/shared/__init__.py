"""What several files of gaming build on; no measure of its own."""
