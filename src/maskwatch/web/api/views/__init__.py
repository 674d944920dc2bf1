"""What the REST API takes in and gives out, as the OpenAPI document describes it."""
