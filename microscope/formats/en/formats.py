"""How the admin writes a time: to the second, and with its zone. Found by settings.FORMAT_MODULE_PATH."""

DATETIME_FORMAT = "Y-m-d H:i:s T"
