"""The queue of jobs: how a job gets into it, its order, and how the next one begins."""
