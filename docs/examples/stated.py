import cnnref

# FLOP/s and bytes/s, as the maker of a card states them
card = cnnref.Ceilings("float32", flops_per_second=19.5e12, bytes_per_second=1.555e12)
print(cnnref.roofline(cnnref.table("alexnet")[:8], card, batch_size=32))
