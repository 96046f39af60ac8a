"""The walk through AWS's own service models, as botocore carries them."""
