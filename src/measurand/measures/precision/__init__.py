"""Precision: to what extent can the number be trusted?"""
