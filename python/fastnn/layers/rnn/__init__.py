"""The family `rnn` of the layers."""
