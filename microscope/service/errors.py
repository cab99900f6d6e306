"""Why the service cannot be installed, removed or asked."""


class ServiceRefused(Exception):
    """The system or its settings do not allow it. The sentence says what to do instead."""
