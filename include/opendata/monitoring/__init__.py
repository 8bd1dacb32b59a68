"""What people watch: how fresh every dataset is, what went wrong, what waits. Reads ledger, staging and declarations."""
