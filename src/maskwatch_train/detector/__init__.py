"""The face detector: YuNet_n in PyTorch, its data, loss and fine-tuning."""
