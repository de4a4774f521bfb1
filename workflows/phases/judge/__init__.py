"""Judge: works are scored and ranked."""
