import cnnref

found = cnnref.measure("alexnet", seconds=2)  # or a module of your own
print(found)
print(cnnref.roofline(found, cnnref.ceilings()))
