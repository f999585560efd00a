"""Validity: are we measuring the right quantity?"""
