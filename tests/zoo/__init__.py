"""Robots and people as they come to the pages of one mail, told as stories that any door can play.

tests/responses/test_zoo.py plays them within one process, `bin/bench robots` over HTTP.
"""
