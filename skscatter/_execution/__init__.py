"""Running the transform: blocks of signals on threads, and streams of batches."""
