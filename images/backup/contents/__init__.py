"""What a backup says of itself: its manifest, and the list of its files."""
