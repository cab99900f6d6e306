"""Folds texts: texts that look or mean the same get one form. So stored texts and searched words are compared, found
and sorted alike on every database."""

import unicodedata


def fold(text: str) -> str:
    """Return the text without differences of case, width, and the way accents are encoded. Invisible characters are
    removed, and runs of white space become one space."""
    if text.isascii():
        folded = text.lower()
    else:
        # Casefolding can leave a text that is not composed any more, so it is composed again (Unicode, section 3.13).
        folded = _compose(_compose(text).casefold())
        # Pasted text often contains soft hyphens, zero-width spaces and direction marks.
        folded = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    return " ".join(folded.split())


def words_of(text: str) -> list[str]:
    """Return the words of a search text, folded as the stored texts are."""
    return fold(text.replace("\0", " ")).split()


def alphabetical(text: str) -> tuple[str, str]:
    """Return a key to sort a list for people: Özge comes beside Oskar, not after Zoe."""
    folded = fold(text)
    letters = unicodedata.normalize("NFD", folded)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)), folded


def _compose(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
