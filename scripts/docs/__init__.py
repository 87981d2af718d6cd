"""The site of docs/: built, its links checked, its drawings drawn."""
