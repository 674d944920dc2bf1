"""What the models are worth: scores on data sets, as JSON for programs and Markdown for people."""
