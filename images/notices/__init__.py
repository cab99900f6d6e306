"""Notices: what people outside are told about jobs, and about control that they lost. They are rows until they are
delivered."""
