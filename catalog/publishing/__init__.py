"""Making releases of courses, and having them signed by the signer."""
