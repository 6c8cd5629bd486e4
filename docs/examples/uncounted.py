import cnnref
from spectral import Spectral

table = cnnref.trace(Spectral(), (3, 32, 32))
print(table)
print([row.name for row in table.uncounted])
