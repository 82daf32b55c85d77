"""What the pages are made of: templates, style and script."""
