"""What the site prints: charts, tables, figures and numbers of its pages, each as text."""
