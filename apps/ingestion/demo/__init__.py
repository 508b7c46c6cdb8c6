"""The demo: a made-up bank valued from files to a summary, each process in its own role."""
