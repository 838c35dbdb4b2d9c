"""The policy engine of the emulated account: who may do what, on which resource."""
