"""The program as a service: a unit of systemd on Linux, a task of Task Scheduler on Windows."""
