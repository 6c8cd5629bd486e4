import cnnref
from gathered import Gather

table = cnnref.trace(Gather(), (8,))
print(table)
print([row.name for row in table.uncounted])
