"""What developers and CI run around Guardia; what brings programs needs the standard library."""
