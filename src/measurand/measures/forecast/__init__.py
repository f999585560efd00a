"""Measures of the fourth question: what comes next, and what does it take to elicit it?"""
