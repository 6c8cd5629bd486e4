"""What the pages say of measurements: records of machines, charts, tables and predictions."""
