"""What developers and CI run around Guardia; the standard library only."""
