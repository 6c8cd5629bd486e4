import cnnref
from model import Net

table = cnnref.trace(Net(), (3, 96, 96))
print(table.to_markdown("macs", "layer,output,macs").splitlines()[2])
print(table.to_csv("macs", "layer,output,macs").splitlines()[1])
print(table.to_latex("macs", "layer,output,macs").splitlines()[6])
print(table.to_frame("macs")[["Layer", "MACs"]].head(2))
