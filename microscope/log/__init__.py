"""The log that managers read on a page. microscope/start/log_file.py writes it."""
