"""Models to text: tables, detail pages, JSON and YAML. Pure; the present time is passed in."""
