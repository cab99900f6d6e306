"""The static files as the tests of one process find them."""

from typing import Any, ClassVar

from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesFoundOnce(WhiteNoiseMiddleware):
    """Every client of a test loads the middleware anew, and to look up some hundred files takes longer than most tests.
    They stay the same while the tests run. A server that is a process of its own does not use this."""

    _found: ClassVar[dict[Any, dict[str, Any]]] = {}

    def add_files_from_finders(self) -> None:
        wanted = (self.static_prefix, self.max_age, self.allow_all_origins, tuple(settings.STATICFILES_DIRS))
        if wanted not in self._found:
            super().add_files_from_finders()
            self._found[wanted] = self.files
        self.files = self._found[wanted]
