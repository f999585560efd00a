"""The explorer: `measurand serve` shows a folder's audits, tables, stores and logs, and lets a reader try settings.

It computes nothing that a measure does not: settings become a call of a measure, and what is found becomes a page, a
picture, a command or JSON.
"""
