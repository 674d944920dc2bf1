"""The REST API and the dashboard: over the store, the live hub and what `ServiceControl` offers."""
