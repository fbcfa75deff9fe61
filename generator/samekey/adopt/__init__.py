"""Names of an SDK that another generator made: read from its source or config, and written as a config of ours."""
