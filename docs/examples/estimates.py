import cnnref
from spectral import Spectral

table = cnnref.trace(Spectral(), (3, 32, 32))
print(table.to_text("estimates", "layer,op,output,operations"))
print(f"{table.macs:,} MACs, {table.operations('estimates'):,} with estimates")
