"""Reports of an audit. Everything here reads results and computes nothing."""
