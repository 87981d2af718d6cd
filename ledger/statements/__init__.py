"""What is recorded, and its bytes: one module a subject. ``kinds`` has the union of all statements and their parser."""
