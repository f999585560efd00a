"""Tables in files and frames, and what their columns say."""
