"""The queue of jobs: how a job comes into it, its order, and how the next one begins."""
