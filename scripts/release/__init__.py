"""What a release is made with: wheel and source archive, the lock of what runs, its bill of materials, advisories."""
