"""How bodies of requests are read."""

from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """The REST framework's, which takes thousands of brackets within one another for a fault of the program."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as problem:
            raise ParseError("The JSON is nested too deeply.") from problem
