"""Evaluations that lie: small inputs with a known right answer, put to measurand and to other packages."""
