"""Tables of evidence other than scores: votes, attempts, quizzes, texts, probabilities, claims."""
