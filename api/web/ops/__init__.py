"""The ops pages: counties, sites, nodes, assignments and jobs."""
