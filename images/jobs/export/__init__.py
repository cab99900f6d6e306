"""Exports of a whole job, made from its originals while they are sent. None is ever stored.

A slot without a picture keeps its place and says why it is empty. No more than one picture is in memory at a time.
"""
