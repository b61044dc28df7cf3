"""Document to Policy: keys, required fields, versions."""
