"""Layers that prepare data: numbers, categories, texts and images, and image augmentation."""
