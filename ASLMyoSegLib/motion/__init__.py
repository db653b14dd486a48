"""How the heart moved between frames, and its undoing."""
