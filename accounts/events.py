"""A signal that reports what happens to personal tokens.

Receivers run in the caller's transaction: if one raises, the change is rolled back.
"""

from django.dispatch import Signal

# what: "token_made" or "token_revoked"; token: the row; by: the user who did it, or None if the program did
token_changed = Signal()
