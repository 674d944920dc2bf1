"""What users and programs can do: the same for the REST API and the dashboard."""
