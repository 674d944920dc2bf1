"""Reports to print: drawn on paper, as PDF or picture."""
