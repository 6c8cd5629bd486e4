"""The site: what its pages print, and how it is built."""
