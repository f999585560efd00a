"""Signs that a score is not the model's own: gaps, noise, crowded answers, areas of probes."""
