"""Items, prompts, reruns and graders: reliability, difficulty, agreement, variance components."""
