"""Notices: what people outside are told about jobs. They are rows until they are delivered."""
