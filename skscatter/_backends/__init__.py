"""What computes the transform: NumPy, PyTorch, compiled code, and kymatio's front ends."""
